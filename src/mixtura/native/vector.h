/* Vectors of doubles, as wide as the machine has them, and their exponential and logarithm. */
#ifndef MIXTURA_VECTOR_H
#define MIXTURA_VECTOR_H

#include <stdint.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define LANES 8
#elif defined(__AVX__)
#define LANES 4
#else
#define LANES 2
#endif

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")
/* Bytes of a line of the cache. */
#define LINE 64

typedef double vec __attribute__((vector_size(LANES * 8)));
typedef int64_t ints __attribute__((vector_size(LANES * 8)));
typedef double loose __attribute__((vector_size(LANES * 8), aligned(8), may_alias));

/* How many of those left to take next, so that all turns are nearly equal. */
INLINE int64_t evenly(int64_t left, int64_t most) {
    int64_t turns = (left + most - 1) / most;
    return (left + turns - 1) / turns;
}

INLINE vec load(const double *at) { return *(const loose *)at; }

INLINE void store(double *at, vec value) { *(loose *)at = value; }

/* Numbers that lie `step` apart. */
INLINE vec gathered(const double *at, int64_t step) {
#if LANES == 8
    const double *next = at + 4 * step;
    return (vec){at[0],   at[step],   at[2 * step],   at[3 * step],
                 next[0], next[step], next[2 * step], next[3 * step]};
#elif LANES == 4
    return (vec){at[0], at[step], at[2 * step], at[3 * step]};
#else
    return (vec){at[0], at[step]};
#endif
}

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
 * exp(x) for x <= 0, within 2 units in the last place, and zero below -708: x = n log(2) / PARTS +
 * r, and exp(r) = 1 + r + r^2 q(r) with q interpolated at Chebyshev nodes. With AVX-512 the sixteen
 * powers of 2^(1/16) lie in two registers, so that q needs degree 4 only.
 */
#if LANES == 8
#define PARTS 16
#define LOG_PART_HIGH 0x1.62e42fef80000p-5
#define LOG_PART_LOW 0x1.1cf79abc9e3b4p-40

/* Of 2^(j/16) the bits, less j << 48: adding those of n << 48 makes it 2^(n/16). */
INLINE ints power_of_part(ints n) {
    const ints low = {0x3ff0000000000000, 0x3fefb5586cf9890f, 0x3fef72b83c7d517b,
                      0x3fef387a6e756238, 0x3fef06fe0a31b715, 0x3feedea64c123422,
                      0x3feebfdad5362a27, 0x3feeab07dd485429};
    const ints high = {0x3feea09e667f3bcd, 0x3feea11473eb0187, 0x3feeace5422aa0db,
                       0x3feec49182a3f090, 0x3feee89f995ad3ad, 0x3fef199bdd85529c,
                       0x3fef5818dcfba487, 0x3fefa4afa2a490da};
    return (ints)_mm512_permutex2var_epi64((__m512i)low, (__m512i)n, (__m512i)high) + (n << 48);
}

INLINE vec exponent_rest(vec r) {
    vec q = 0x1.11120af701debp-7 + r * 0x1.6c17bb51f236dp-10;
    q = 0x1.55555555194d2p-5 + r * q;
    q = 0x1.55555554dd44dp-3 + r * q;
    return r + r * r * (0.5 + r * q);
}
#else
#define PARTS 1
#define LOG_PART_HIGH 0x1.62e42fefa0000p-1
#define LOG_PART_LOW 0x1.cf79abc9e3b3ap-40

INLINE ints power_of_part(ints n) { return (n + 1023) << 52; }

INLINE vec exponent_rest(vec r) {
    vec r2 = r * r, r4 = r2 * r2;
    vec a = 0x1.0000000000001p-1 + r * 0x1.5555555555556p-3;
    vec b = 0x1.5555555553d68p-5 + r * 0x1.11111111109b5p-7;
    vec c = 0x1.6c16c17889ef1p-10 + r * 0x1.a01a01a7c2efep-13;
    vec d = 0x1.a019b9149a41cp-16 + r * 0x1.71de0db2f6b19p-19;
    vec e = 0x1.28917c89a43a7p-22 + r * 0x1.af389ecfc4b9cp-26;
    vec q = (a + r2 * b) + r4 * ((c + r2 * d) + r4 * e);
    return r + r2 * q;
}
#endif

INLINE vec exponential(vec x) {
    const double shift = 0x1.8p52;
    vec clamped = chosen(x < -708.0, all_of(-708.0), x);
    vec shifted = clamped * (PARTS * 1.4426950408889634) + shift;
    vec n = shifted - shift;
    vec r = clamped - n * LOG_PART_HIGH;
    r = r - n * LOG_PART_LOW;
    vec power = (vec)power_of_part((ints)shifted);
    vec value = power + power * exponent_rest(r);
    return chosen(x < -708.0, (vec){0}, value);
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
