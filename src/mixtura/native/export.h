/* What a function that Python calls is declared with. */
#ifndef MIXTURA_EXPORT_H
#define MIXTURA_EXPORT_H

#if defined(_WIN32)
#define MX_EXPORT __declspec(dllexport)
#else
#define MX_EXPORT __attribute__((visibility("default")))
#endif

#endif
