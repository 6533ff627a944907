"""Postfix and Dovecot with a private configuration in a temporary folder, on loopback.

    with MailServers({"ann@test.example": "secret"}) as servers:
        servers.smtps, servers.submission, servers.imaps, servers.imap   # ports
        servers.certificate                                              # trust this one
        servers.folder_of("ann@test.example")                            # her Maildir

Submission wants TLS and a login (Dovecot's, on both); what is sent to a user's address
arrives in the user's INBOX, everything else is refused. With `tokeninfo`, the beginning of a URL
that answers for an access token with {"email": user}, XOAUTH2 works as well. Postfix takes root, as do its
permissions; who is not root needs sudo, as for installing it. Both run in the foreground and
are ended by process id."""
import grp
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

START_S, STOP_S = 60, 30
SBIN = "/usr/sbin:/usr/lib/postfix/sbin:/usr/lib/dovecot"
ROOT = [] if os.getuid() == 0 else ["sudo", "-n"]

MASTER = """127.0.0.1:{submission} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
127.0.0.1:{smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

MAIN = """compatibility_level = 3.6
myhostname = mx.test.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
smtpd_tls_cert_file = {folder}/cert.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
smtpd_tls_auth_only = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
virtual_mailbox_domains = {domains}
virtual_mailbox_maps = inline:{{ {users} }}
virtual_transport = lmtp:unix:{folder}/lmtp
alias_maps =
message_size_limit = 10000000
"""

OAUTH = """passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2
}}"""

DOVECOT = """protocols = imap lmtp
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
instance_name = {name}
log_path = {folder}/dovecot.log
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login{mechanisms}
auth_failure_delay = 0
imap_idle_notify_interval = 29 mins
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
{oauth}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Spam {{
    auto = create
    special_use = \\Junk
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
service lmtp {{
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


def end(pid, how):
    """The shell's own kill: a bare system has no program of that name."""
    subprocess.run([*ROOT, "sh", "-c", f"kill -{how} {pid}"], check=False)


def make_certificate(folder):
    """A certificate for localhost that is its own authority: cert.pem, key.pem."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder / "key.pem",
                    "-out", folder / "cert.pem"], check=True, capture_output=True)
    return folder / "cert.pem"


def free_ports(count):
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def speaks(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False


class MailServers:
    def __init__(self, users, tokeninfo=None):
        self.users, self.tokeninfo = users, tokeninfo
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mail-"))
        self.folder.chmod(0o755)  # the servers change to users of their own
        self.processes = []
        self.submission, self.smtps, self.imap, self.imaps = free_ports(4)
        self.certificate = make_certificate(self.folder)

    def __enter__(self):
        try:
            self.write()
            self.run("dovecot", "-F", "-c", self.folder / "dovecot.conf")
            self.run("postfix", "-c", self.folder / "postfix", "start-fg")
            for port in (self.imap, self.submission):
                self.wait_for(lambda port=port: speaks(port), f"port {port}")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def write(self):
        owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        for name in ("postfix", "queue", "data", "mail", "run", "state"):
            (self.folder / name).mkdir()
        os.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)
        subprocess.run([*ROOT, "chown", "postfix:postfix", self.folder / "data"], check=True)
        values = {"folder": self.folder, "uid": owner.pw_uid, "gid": grp.getgrgid(owner.pw_gid).gr_gid,
                  "name": self.folder.name, "submission": self.submission, "smtps": self.smtps,
                  "imap": self.imap, "imaps": self.imaps,
                  "mechanisms": " xoauth2" if self.tokeninfo else "",
                  "oauth": OAUTH.format(folder=self.folder) if self.tokeninfo else "",
                  "domains": " ".join(sorted({user.split("@")[1] for user in self.users})),
                  "users": ", ".join(f"{{ {user} = x }}" for user in self.users)}
        (self.folder / "users").write_text("".join(f"{user}:{password}\n" for user, password in self.users.items()))
        (self.folder / "oauth2").write_text(f"tokeninfo_url = {self.tokeninfo}\nusername_attribute = email\n")
        for path, text in (("postfix/main.cf", MAIN), ("postfix/master.cf", MASTER), ("dovecot.conf", DOVECOT)):
            (self.folder / path).write_text(text.format(**values))

    def run(self, *command):
        log = open(self.folder / f"{command[0]}.out", "wb")
        path = f"{SBIN}:{os.environ['PATH']}"
        program = shutil.which(command[0], path=path)
        assert program, f"{command[0]} is missing: tools/packages names it"
        with log:
            self.processes.append(subprocess.Popen([*ROOT, program, *map(str, command[1:])], stdout=log,
                                                   stderr=log, stdin=subprocess.DEVNULL))

    def log(self):
        return "\n".join(path.read_text("utf-8", "replace")[-4000:]
                         for pattern in ("*.out", "*.log") for path in sorted(self.folder.glob(pattern)))

    def wait_for(self, true, what):
        until = time.monotonic() + START_S
        while not true():
            if time.monotonic() > until or any(process.poll() is not None for process in self.processes):
                raise AssertionError(f"{what} did not come\n{self.log()}")
            time.sleep(0.05)

    def set_password(self, user, password):
        """Dovecot looks whether its file is another one once in a second of the clock, and sees
        that by the second of the last change."""
        changed = (self.folder / "users").stat().st_mtime
        self.users[user] = password
        (self.folder / "users").write_text("".join(f"{name}:{secret}\n" for name, secret in self.users.items()))
        os.utime(self.folder / "users", (changed + 2, changed + 2))
        looked = int(time.time())
        while int(time.time()) == looked:
            time.sleep(0.01)

    def messages_of(self, user):
        return sorted((self.folder / "mail" / user).glob("new/*"))

    def folder_of(self, user):
        return self.folder / "mail" / user

    def stop_postfix(self):
        """What was started is a script; the server behind it wrote its id into a file."""
        try:
            pid = int((self.folder / "queue/pid/master.pid").read_text())
        except (OSError, ValueError):
            return
        end(pid, "TERM")
        until = time.monotonic() + STOP_S
        while pathlib.Path(f"/proc/{pid}").exists() and time.monotonic() < until:
            time.sleep(0.02)

    def close(self):
        self.stop_postfix()
        for process in reversed(self.processes):
            if process.poll() is None:
                end(process.pid, "TERM")
        for process in reversed(self.processes):
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                end(process.pid, "KILL")
                process.wait()
        subprocess.run([*ROOT, "rm", "-rf", self.folder], check=True)
