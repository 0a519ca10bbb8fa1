#include "gammas.h"

#include <math.h>

#define GAMMA_STEPS 50
#define LAST_STEP 1e-13
/* From here on asymptotic series have all digits; below, arguments are raised to it. */
#define RAISED_TO 10.0

double mx_log_gamma(double a) {
    double product = 1;
    for (; a < RAISED_TO; a += 1)
        product *= a;
    double w = 1 / a, s = w * w;
    double rest =
        w * (1.0 / 12 -
             s * (1.0 / 360 -
                  s * (1.0 / 1260 - s * (1.0 / 1680 - s * (1.0 / 1188 - s * (691.0 / 360360))))));
    return (a - 0.5) * log(a) - a + 0.91893853320467274178 + rest - log(product);
}

double mx_log_gap(double a) {
    double raised = 0, at = a;
    for (; at < RAISED_TO; at += 1)
        raised += 1 / at;
    double w = 1 / at, s = w * w;
    double gap =
        w * (0.5 +
             w * (1.0 / 12 -
                  s * (1.0 / 120 -
                       s * (1.0 / 252 - s * (1.0 / 240 - s * (1.0 / 132 - s * (691.0 / 32760)))))));
    return at > a ? log(a / at) + gap + raised : gap;
}

/* Its derivative, 1 / a - psi'(a). */
static double slope(double a) {
    double raised = 0, at = a;
    for (; at < RAISED_TO; at += 1)
        raised += 1 / (at * at);
    double w = 1 / at, s = w * w;
    double fall =
        -s *
        (0.5 + w * (1.0 / 6 - s * (1.0 / 30 - s * (1.0 / 42 - s * (1.0 / 30 - s * (5.0 / 66))))));
    return at > a ? 1 / a - 1 / at + fall - raised : fall;
}

/* Newton's steps are those of 1 / a, in which the equation is nearly straight (Minka 2002). */
static double shape_of(double gap) {
    double s = fmax(gap, mx_log_gap(MX_LARGEST_SHAPE));
    double a = (3 - s + sqrt((s - 3) * (s - 3) + 24 * s)) / (12 * s);
    for (int step = 0; step < GAMMA_STEPS; step++) {
        double inverse = 1 / a + (mx_log_gap(a) - s) / (a * a * slope(a));
        double after = 1 / fmin(fmax(inverse, 0.25 / a), 4 / a);
        int done = fabs(after - a) <= LAST_STEP * after;
        a = after;
        if (done)
            break;
    }
    return fmin(a, MX_LARGEST_SHAPE);
}

void mx_gamma_estimate(double gap, double least, double *shape, double *mean) {
    *shape = shape_of(gap);
    if (!(*mean < sqrt(*shape) * least))
        return;
    /* On the boundary a = u start the derivative by log u has one root, where it falls. */
    double start = (*mean / least) * (*mean / least), log_u = 0;
    for (int step = 0; step < GAMMA_STEPS; step++) {
        double a = start * exp(log_u), root = exp(-0.5 * log_u);
        double value = 2 * mx_log_gap(a) - log_u - root + 1 - 2 * gap;
        double move = -value / (2 * a * slope(a) - 1 + 0.5 * root);
        move = fmin(fmax(move, -1), 1);
        log_u += move;
        if (fabs(move) <= LAST_STEP)
            break;
    }
    *shape = start * exp(log_u);
    *mean = least * sqrt(*shape);
}
