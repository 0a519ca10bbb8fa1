/* Vectors of doubles, as wide as the machine has them, and their exponential and logarithm. */
#ifndef MIXTURA_VECTOR_H
#define MIXTURA_VECTOR_H

#include <stdint.h>

#if defined(__AVX512F__)
#define LANES 8
#elif defined(__AVX__)
#define LANES 4
#else
#define LANES 2
#endif

#define INLINE static inline __attribute__((always_inline))

typedef double vec __attribute__((vector_size(LANES * 8)));
typedef int64_t ints __attribute__((vector_size(LANES * 8)));
typedef double loose __attribute__((vector_size(LANES * 8), aligned(8), may_alias));

INLINE vec load(const double *at) { return *(const loose *)at; }

INLINE void store(double *at, vec value) { *(loose *)at = value; }

INLINE vec all_of(double value) { return value - (vec){0}; }

INLINE vec chosen(ints where, vec yes, vec no) {
    return (vec)((where & (ints)yes) | (~where & (ints)no));
}

INLINE double sum_of(vec value) {
    double total = 0;
    for (int i = 0; i < LANES; i++)
        total += value[i];
    return total;
}

/*
 * exp(x) for x <= 0, zero below -708: x = n log 2 + r, and the Taylor series of exp(r) to r^13,
 * of which the rest is below 2e-17 of the value.
 */
INLINE vec exponential(vec x) {
    const double shift = 0x1.8p52;
    vec clamped = chosen(x > -708.0, x, all_of(-708.0));
    vec shifted = clamped * 1.4426950408889634 + shift;
    vec n = shifted - shift;
    vec r = clamped - n * 0x1.62e42fefa3800p-1;
    r = r - n * 0x1.ef35793c76730p-45;
    vec r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    vec a = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6));
    vec b = (1.0 / 24 + r * (1.0 / 120)) + r2 * (1.0 / 720 + r * (1.0 / 5040));
    vec c = (1.0 / 40320 + r * (1.0 / 362880)) + r2 * (1.0 / 3628800 + r * (1.0 / 39916800));
    vec d = 1.0 / 479001600 + r * (1.0 / 6227020800);
    vec series = a + r4 * b + r8 * (c + r4 * d);
    vec scaled = (vec)((ints)series + ((ints)shifted << 52));
    return chosen(x > -708.0, scaled, (vec){0});
}

/*
 * log(x) for finite x >= 1: x = 2^n m with m in [sqrt(1/2), sqrt(2)), and log m by the series of
 * the inverse hyperbolic tangent of (m - 1) / (m + 1).
 */
INLINE vec logarithm(vec x) {
    const int64_t root_half = 0x3fe6a09e667f3bcdLL;
    ints bits = (ints)x;
    ints n = (bits - root_half) >> 52;
    vec m = (vec)(bits - (n << 52));
    vec s = (m - 1.0) / (m + 1.0);
    vec z = s * s;
    vec z2 = z * z, z4 = z2 * z2;
    vec series = (1.0 / 3 + z * (1.0 / 5)) + z2 * (1.0 / 7 + z * (1.0 / 9)) +
                 z4 * ((1.0 / 11 + z * (1.0 / 13)) + z2 * (1.0 / 15 + z * (1.0 / 17)) +
                       z4 * (1.0 / 19 + z * (1.0 / 21)));
    vec whole = __builtin_convertvector(n, vec);
    return whole * 0.6931471805599453 + (2.0 * s + 2.0 * s * z * series);
}

#endif
