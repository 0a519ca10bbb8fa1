/* What the loader asks before it calls anything else. */
#include "mixtura.h"

MX_EXPORT int mx_version(void) { return MX_VERSION; }
