/* Runs of regressions on rows in memory: the driver's questions are answered here. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "regressions.h"

/* Cells and losses of less are none. */
#define NO_CELLS 1e-300
#define SMALLEST_SHARE 1e-300
/* A point at which a component has less of its rows is no mixture. */
#define SHRUNK 0.1
/* What residuals are of responses, squared, where they are but rounding. */
#define ROUNDED 1e-26

typedef struct {
    const mx_regressions *rows;
    mx_line_state *state;
    int64_t n_components;
    mx_lines_of now, resort, best;
    mx_line_sums swept, kept;
    mx_asked asked;
    double *losses, *driver, *workspace;
    double log_likelihood, objective, promised;
} run;

static void copied(const run *at, const mx_lines_of *from, mx_lines_of *to) {
    size_t k = (size_t)at->n_components;
    memcpy(to->log_weights, from->log_weights, sizeof(double) * k);
    memcpy(to->coefficients, from->coefficients, sizeof(double) * k * (size_t)at->rows->n_terms);
    memcpy(to->precisions, from->precisions, sizeof(double) * k);
}

static void copied_sums(const run *at, const mx_line_sums *from, mx_line_sums *to) {
    size_t k = (size_t)at->n_components, p = (size_t)at->rows->n_terms;
    memcpy(to->rows, from->rows, sizeof(double) * k);
    memcpy(to->cells, from->cells, sizeof(double) * k);
    memcpy(to->losses, from->losses, sizeof(double) * k);
    memcpy(to->gradient, from->gradient, sizeof(double) * k * p);
    memcpy(to->pairs, from->pairs, sizeof(double) * k * (p * (p + 1) / 2));
    memcpy(to->squared, from->squared, sizeof(double) * k);
    memcpy(to->values, from->values, sizeof(from->values));
}

static double log_prior(const run *at, const mx_lines_of *lines) {
    const mx_regressions *rows = at->rows;
    double total = 0;
    if (rows->prior_cells > 0)
        for (int64_t k = 0; k < at->n_components; k++)
            total += 0.5 * log(lines->precisions[k]) - lines->precisions[k] * rows->prior_loss;
    return rows->prior_cells * total;
}

static int swept(run *at) {
    mx_sweep_lines(at->rows, at->n_components, &at->now, &at->swept, at->workspace);
    at->log_likelihood = at->swept.values[0] + at->rows->log_base;
    at->objective = at->log_likelihood + log_prior(at, &at->now);
    return isfinite(at->objective) ? MX_DONE : MX_HARD;
}

static void weighed(const run *at, const double *rows, double *log_weights) {
    double total = 0;
    for (int64_t k = 0; k < at->n_components; k++)
        total += rows[k];
    for (int64_t k = 0; k < at->n_components; k++)
        log_weights[k] = log(fmax(rows[k] / total, SMALLEST_SHARE));
}

/* The precision of a component by its cells and losses, with those of the prior. */
static int precise(const run *at, double cells, double losses, double *precision) {
    const mx_regressions *rows = at->rows;
    int64_t response = rows->response;
    double least = rows->prior_cells > 0 ? 0 : rows->least * cells;
    cells += rows->prior_cells;
    losses += rows->prior_cells * rows->prior_loss;
    if (response == MX_GAUSSIAN && !(losses > least))
        return MX_FLAT;
    *precision = mx_line_precision(response, fmax(losses, NO_CELLS) / fmax(cells, NO_CELLS));
    return isfinite(*precision) ? MX_DONE : MX_HARD;
}

static int stepped(run *at) {
    int64_t n = at->n_components;
    if (mx_line_steps(at->rows, n, &at->best, &at->kept, at->resort.coefficients, at->losses,
                      at->workspace))
        return MX_HARD;
    weighed(at, at->kept.rows, at->resort.log_weights);
    for (int64_t k = 0; k < n; k++) {
        int status = precise(at, at->kept.cells[k], at->losses[k], &at->resort.precisions[k]);
        if (status)
            return status;
    }
    return MX_DONE;
}

static int has_precision(const run *at) {
    return at->rows->response == MX_GAUSSIAN || at->rows->response == MX_GAMMA;
}

/* Shares, the coefficients of the next step, and logarithms of precisions. */
static int located(run *at) {
    int64_t n = at->n_components, p = at->rows->n_terms;
    double *point = at->asked.point;
    if (mx_line_steps(at->rows, n, &at->best, &at->kept, point + n, at->losses, at->workspace))
        return MX_HARD;
    double total = 0;
    for (int64_t k = 0; k < n; k++)
        total += at->kept.rows[k];
    for (int64_t k = 0; k < n; k++) {
        point[k] = at->kept.rows[k] / total;
        if (has_precision(at))
            point[n + n * p + k] =
                log(mx_line_precision(at->rows->response, fmax(at->losses[k], NO_CELLS) /
                                                              fmax(at->kept.cells[k], NO_CELLS)));
    }
    return MX_DONE;
}

/* Sets the next model to that at a point, if there is one. */
static int extrapolated(run *at) {
    int64_t n = at->n_components, p = at->rows->n_terms;
    const double *point = at->asked.point;
    double total = 0;
    for (int64_t i = 0; i < at->asked.n_coordinates; i++)
        if (!isfinite(point[i]))
            return MX_HARD;
    for (int64_t k = 0; k < n; k++)
        total += at->kept.rows[k];
    for (int64_t k = 0; k < n; k++) {
        double rows = point[k] * total, times = rows / fmax(at->kept.rows[k], NO_CELLS);
        if (!(rows > SHRUNK * at->kept.rows[k]))
            return MX_HARD;
        double precision = has_precision(at) ? exp(point[n + n * p + k]) : 1;
        if (!(precision > 0 && isfinite(precision)))
            return MX_HARD;
        double cells = at->kept.cells[k] * times;
        double losses = cells * mx_line_mean_loss(at->rows->response, precision);
        if (precise(at, cells, losses, &at->now.precisions[k]))
            return MX_HARD;
    }
    weighed(at, point, at->now.log_weights);
    memcpy(at->now.coefficients, point + n, sizeof(double) * (size_t)(n * p));
    return MX_DONE;
}

/* What is expected of all rows, of a component, under the sums that were kept. */
static double expected(const run *at, const mx_lines_of *lines, int64_t k) {
    double tau = lines->precisions[k];
    double losses = mx_line_loss_at(at->rows, k, &at->best, &at->kept,
                                    lines->coefficients + k * at->rows->n_terms);
    return at->kept.rows[k] * lines->log_weights[k] +
           at->kept.cells[k] * mx_line_constant(at->rows->response, tau) - tau * losses;
}

static double promised(const run *at) {
    double total = 0;
    for (int64_t k = 0; k < at->n_components; k++)
        total += expected(at, &at->now, k) - expected(at, &at->best, k);
    return total;
}

static double digits(const run *at) {
    double lost = DBL_EPSILON * fabs(at->rows->log_base);
    if (at->rows->response == MX_GAUSSIAN)
        for (int64_t k = 0; k < at->n_components; k++) {
            double steps = ROUNDED * at->best.precisions[k] * at->rows->loss;
            lost += (at->kept.cells[k] + at->rows->prior_cells) * (sqrt(steps) + steps);
        }
    return lost;
}

static int kept(run *at) {
    double *step = at->state->history + 3 * at->state->n_steps++;
    step[0] = at->log_likelihood;
    step[1] = at->objective;
    step[2] = at->promised;
    copied(at, &at->now, &at->best);
    copied_sums(at, &at->swept, &at->kept);
    for (int64_t k = 0; k < at->n_components; k++)
        if (!(at->kept.rows[k] > 0))
            return MX_HARD;
    return MX_DONE;
}

static int answered(void *of) {
    run *at = of;
    switch (at->asked.question) {
    case MX_KEEP: return kept(at);
    case MX_LOCATE: return located(at);
    case MX_STEP: return stepped(at);
    case MX_EXTRAPOLATE: return extrapolated(at);
    case MX_PROMISE: at->asked.value = at->promised = promised(at); return MX_DONE;
    case MX_DIGITS: at->asked.value = digits(at); return MX_DONE;
    case MX_BACK: copied(at, &at->best, &at->now); return MX_DONE;
    case MX_RESORT: copied(at, &at->resort, &at->now); return MX_DONE;
    /* There is no chart of regressions. */
    case MX_CHART: return MX_HARD;
    default: return MX_BROKEN;
    }
}

static run begun(const mx_regressions *rows, mx_line_state *state, int64_t n_components,
                 mx_workspace *workspace) {
    int64_t p = rows->n_terms;
    run at = {.rows = rows, .state = state, .n_components = n_components, .promised = NAN};
    at.now = mx_lines_in(n_components, p, workspace);
    at.resort = mx_lines_in(n_components, p, workspace);
    at.best = mx_lines_in(n_components, p, workspace);
    at.swept = mx_line_sums_in(n_components, p, workspace);
    at.kept = mx_line_sums_in(n_components, p, workspace);
    int64_t size = n_components * (1 + p + has_precision(&at));
    at.asked = (mx_asked){.answer = answered,
                          .total_weight = rows->total_weight,
                          .n_coordinates = size,
                          .point = mx_taken(workspace, size)};
    at.losses = mx_taken(workspace, n_components);
    at.driver = mx_taken(workspace, mx_driver_workspace(size));
    int64_t sweep = mx_lines_swept_workspace(rows, n_components);
    at.workspace = mx_taken(workspace, sweep > p * (p + 1) ? sweep : p * (p + 1));
    return at;
}

int64_t mx_run_lines_workspace(const mx_regressions *rows, int64_t n_components) {
    mx_workspace counted = {0};
    begun(rows, 0, n_components, &counted);
    return counted.used;
}

void mx_run_lines(const mx_regressions *rows, const mx_rule *rule, mx_line_state *state,
                  double *workspace) {
    mx_workspace from = {.start = workspace};
    run at = begun(rows, state, state->n_components, &from);
    mx_course course = {0};
    state->n_steps = 0;
    at.asked.of = &at;
    mx_driver_begin(at.driver, &at.asked, rule, &course);
    copied(&at, state->lines, &at.now);
    int ending = -1;
    while (ending < 0)
        ending = swept(&at) ? MX_ENDED_HARD
                            : mx_driver_advance(at.driver, at.log_likelihood, at.objective);
    state->n_rejected = course.n_rejected;
    state->gain_left = course.gain_left;
    copied(&at, &at.now, state->lines);
    if (state->n_steps) {
        copied(&at, &at.best, state->best);
        copied_sums(&at, &at.kept, state->sums);
    }
    /* The general code says what a fall means. */
    state->ending = ending == MX_ENDED_FELL ? MX_ENDED_HARD : ending;
}
