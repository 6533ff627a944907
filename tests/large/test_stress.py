"""The crash and load tests at full length: fifty kills each, a minute of load."""
import test_crash
import test_load


class ImportCrash(test_crash.ImportCrashTest):
    kills, people, companies, timeout_s = 50, 8000, 800, 900


class BatchCrash(test_crash.BatchCrashTest):
    kills, timeout_s = 50, 900


class ClientsCrash(test_crash.ClientsCrashTest):
    kills, timeout_s = 50, 900


class Load(test_load.LoadTest):
    seconds = 60
