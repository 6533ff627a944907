/* The version, as `outrider --version`, the OpenAPI document and CHANGES.md have it. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define OUTRIDER_VERSION "0.1.0"

#endif
