/* The version, as `outrider --version`, the OpenAPI document and CHANGES.md have it. */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#define OUTRIDER_VERSION "0.1.0"

#endif
