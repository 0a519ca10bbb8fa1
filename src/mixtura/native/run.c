/*
 * Runs on rows so few that a sweep takes no longer than Python takes to speak of it: the driver's
 * questions are answered here.
 */
#include "run.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "chart.h"
#include "gap_run.h"
#include "gaussian.h"
#include "lbfgs.h"
#include "parted.h"

typedef struct {
    const mx_problem *problem;
    mx_state *state;
    mx_form form;
    mx_model now, resort, best;
    mx_moments moments, there;
    mx_chart chart;
    mx_asked asked;
    double *sums, *squared, *entropy, *points, *workspace, *driver;
    double values[2], log_likelihood, objective, promised;
} run;

static void copy_model(const mx_form *form, const mx_model *from, mx_model *to) {
    int64_t n = form->n_components, d = form->n_columns;
    memcpy(to->log_weights, from->log_weights, sizeof(double) * n);
    memcpy(to->means, from->means, sizeof(double) * n * d);
    memcpy(to->factors, from->factors, sizeof(double) * form->n_factors);
    memcpy(to->axes, from->axes, sizeof(double) * d * d);
    memcpy(to->extras, from->extras, sizeof(double) * n * form->n_extras);
    memcpy(to->theta, from->theta, sizeof(double) * n * form->n_features);
    memcpy(to->rough, from->rough, sizeof(double) * n);
    memcpy(to->bases, from->bases, sizeof(double) * n);
    memcpy(to->centred, from->centred, sizeof(double) * n);
    to->n_centred = from->n_centred;
    to->offset = from->offset;
    to->log_prior = from->log_prior;
}

/* Q of the next model minus Q of the best under the sums of the last sweep that was taken. */
static double promised(const run *at) {
    const mx_form *form = &at->form;
    const mx_model *next = &at->now, *best = &at->best;
    if (at->problem->gaps)
        return mx_promised_with_gaps(form, next, best, at->state->sums, at->workspace);
    double total = next->offset - best->offset;
    for (int64_t k = 0; k < form->n_components; k++) {
        int64_t first = k * form->n_features, last = first + form->n_features;
        if (next->centred[k] != 0 || best->centred[k] != 0) {
            total += mx_expected_of(form, next, &at->moments, k) -
                     mx_expected_of(form, best, &at->moments, k);
            first = last - form->n_extras;
        }
        for (int64_t i = first; i < last; i++)
            total += (next->theta[i] - best->theta[i]) * at->state->sums[i];
    }
    return total;
}

/* The sweep of rows with missing cells: parameters and sums about points (K, D), or NULL. */
static void sweep_gaps(run *at, const double *theta, const double *points) {
    mx_gaps rows = *at->problem->gaps;
    rows.about = points;
    mx_sweep_gaps_stack(&rows, 1, &at->form.n_components, theta, at->sums, at->squared, at->values,
                        at->entropy, at->workspace);
}

/* The sweep of complete rows under a model, sums of the components with a flag about points. */
static void sweep_features(run *at, const mx_model *model, const double *summed,
                           const double *points) {
    const mx_centred centred = {.flags = model->centred,
                                .means = model->means,
                                .factors = model->factors,
                                .summed = summed,
                                .points = points,
                                .n_columns = at->form.n_columns,
                                .n_pairs = at->form.n_pairs,
                                .width = at->form.n_factors / at->form.n_gaussians};
    int is_plain = !model->n_centred && summed == model->centred;
    mx_parted_sweep(at->problem, &at->form, is_plain ? 0 : &centred, model->theta, at->sums,
                    at->squared, at->values, at->workspace);
}

static int swept(run *at) {
    const mx_problem *problem = at->problem;
    if (problem->gaps) {
        mx_points_of(&at->form, &at->now, at->points);
        sweep_gaps(at, at->now.theta, at->now.n_centred ? at->points : 0);
    } else {
        sweep_features(at, &at->now, at->now.centred, at->now.means);
    }
    at->log_likelihood = at->values[0] + at->now.offset + problem->total_weight * problem->constant;
    at->objective = at->log_likelihood + at->now.log_prior;
    return isfinite(at->objective) ? MX_DONE : MX_HARD;
}

/* Keeps the sweep just made as the best so far; what is next is nothing yet. */
static void record(run *at) {
    mx_state *state = at->state;
    const mx_form *form = &at->form;
    double *step = state->history + 3 * state->n_steps++;
    step[0] = at->log_likelihood;
    step[1] = at->objective;
    step[2] = at->promised;
    mx_exchange_models(&at->now, &at->best);
    memcpy(state->sums, at->sums, sizeof(double) * form->n_components * form->n_features);
    memcpy(state->squared, at->squared, sizeof(double) * form->n_components);
    if (at->problem->gaps)
        memcpy(state->entropy, at->entropy, sizeof(double) * form->n_components);
    memcpy(state->values, at->values, sizeof(at->values));
}

/*
 * Moments of the last sweep from one about the means that it found, where they keep their digits:
 * of components that contracted in it, sums about the origin are rounding. Pooled scatter is what
 * is left of that of all rows, and stays.
 */
static int resummed(run *at) {
    const mx_form *form = &at->form;
    int64_t n = form->n_components;
    if (form->lean || !mx_has_rows(form, at->sums))
        return MX_HARD;
    copy_model(form, &at->best, &at->resort);
    memcpy(at->resort.means, at->moments.means, sizeof(double) * n * form->n_columns);
    /* Noise has no mean. */
    for (int64_t k = 0; k < n; k++)
        at->resort.centred[k] = k < form->n_gaussians;
    for (int64_t i = form->n_gaussians * form->n_columns; i < n * form->n_columns; i++)
        at->resort.means[i] = 0;
    at->resort.n_centred = form->n_gaussians;
    if (at->problem->gaps) {
        mx_points_of(form, &at->best, at->points);
        mx_theta_about(form, at->points, at->resort.means, at->resort.theta);
        sweep_gaps(at, at->resort.theta, at->resort.means);
    } else {
        sweep_features(at, &at->best, at->resort.centred, at->resort.means);
    }
    return mx_moments_of(at->problem, form, &at->resort, at->sums, &at->moments);
}

/* Where nothing follows the best it is the last, too. */
static int following(run *at, int lost) {
    if (lost)
        copy_model(&at->form, &at->best, &at->now);
    return lost;
}

/* Takes the sweep just made, and its moments. */
static int kept(run *at) {
    record(at);
    int lost = mx_moments_of(at->problem, &at->form, &at->best, at->sums, &at->moments);
    return following(at, lost ? resummed(at) : MX_DONE);
}

/* Sets what is resorted to to the M-step of the best. */
static int stepped(run *at) {
    return following(at, mx_maximise(at->problem, &at->form, &at->moments, &at->best, &at->resort,
                                     at->workspace));
}

/* Sets the next model to the M-step of the moments at a point, if there is one. */
static int extrapolated(run *at) {
    const mx_problem *problem = at->problem;
    const mx_form *form = &at->form;
    return mx_moments_at(problem, form, at->asked.point, &at->moments, &at->there) ||
           mx_maximise(problem, form, &at->there, &at->best, &at->now, at->workspace);
}

/* Sets the next model to that at a point of the chart, if there is one. */
static int tried(run *at) {
    return mx_chart_model(at->problem, &at->form, &at->chart, at->asked.charted, &at->now) ||
           mx_bind(at->problem, &at->form, &at->now);
}

static int charted(run *at, const mx_model *model, const mx_moments *moments) {
    mx_chart_coordinates(&at->form, &at->chart, model, at->asked.charted);
    mx_chart_gradient(at->problem, &at->form, &at->chart, model, moments, at->asked.gradient);
    return MX_DONE;
}

/* What densities lose in the digits of the objective. */
static double digits(const run *at) {
    double lost = 0;
    for (int64_t k = 0; k < at->form.n_components; k++)
        lost += DBL_EPSILON * at->moments.rows[k] * at->best.rough[k];
    return lost;
}

static int answered(void *of) {
    run *at = of;
    const mx_problem *problem = at->problem;
    const mx_form *form = &at->form;
    switch (at->asked.question) {
    case MX_KEEP: return kept(at);
    case MX_LOCATE: mx_coordinates(problem, form, &at->moments, at->asked.point); return MX_DONE;
    case MX_STEP: return stepped(at);
    case MX_EXTRAPOLATE: return extrapolated(at);
    case MX_CHART: return mx_chart_about(problem, form, &at->best, &at->moments, &at->chart);
    case MX_CHARTED: return charted(at, &at->best, &at->moments);
    case MX_REJECTED:
        if (mx_moments_of(problem, form, &at->now, at->sums, &at->there))
            return MX_HARD;
        return charted(at, &at->now, &at->there);
    case MX_TRY: return tried(at);
    case MX_PROMISE: at->asked.value = at->promised = promised(at); return MX_DONE;
    case MX_DIGITS: at->asked.value = digits(at); return MX_DONE;
    case MX_BACK: copy_model(form, &at->best, &at->now); return MX_DONE;
    case MX_RESORT: mx_exchange_models(&at->resort, &at->now); return MX_DONE;
    default: return MX_BROKEN;
    }
}

/* The doubles that sweeps, promises and M-steps need to work in, one at a time. */
static int64_t work_of(const mx_problem *problem, const mx_form *form) {
    int64_t n = form->n_components;
    int64_t sweep =
        problem->gaps ? mx_gaps_workspace(problem->gaps, n) : mx_parted_workspace(problem, n);
    int64_t promise = n * (form->n_features + 2 * form->n_columns);
    sweep = sweep > promise ? sweep : promise;
    int64_t update = form->n_scatter +
                     mx_floored_workspace((int)form->structure, form->n_gaussians, form->n_columns);
    return sweep > update ? sweep : update;
}

static run begun(const mx_problem *problem, mx_state *state, int64_t n_components,
                 mx_workspace *workspace) {
    run at = {.problem = problem, .state = state, .promised = NAN};
    at.form = mx_form_for(problem, n_components);
    const mx_form *form = &at.form;
    at.now = mx_model_in(form, workspace);
    at.resort = mx_model_in(form, workspace);
    at.best = mx_model_in(form, workspace);
    at.moments = mx_moments_in(form, workspace);
    at.there = mx_moments_in(form, workspace);
    at.chart = mx_chart_in(form, workspace);
    at.asked = (mx_asked){.answer = answered,
                          .total_weight = problem->total_weight,
                          .n_coordinates = form->n_coordinates,
                          .point = mx_taken(workspace, form->n_coordinates),
                          .n_charted = at.chart.size,
                          .charted = mx_taken(workspace, at.chart.size),
                          .gradient = mx_taken(workspace, at.chart.size),
                          .memory = mx_taken(workspace, mx_lbfgs_workspace(at.chart.size))};
    at.driver = mx_taken(workspace, mx_driver_workspace(form->n_coordinates));
    at.sums = mx_taken(workspace, n_components * form->n_features);
    at.squared = mx_taken(workspace, n_components);
    at.entropy = mx_taken(workspace, n_components);
    at.points = mx_taken(workspace, n_components * form->n_columns);
    /* What is last is as large as whoever counted found it to be. */
    at.workspace = mx_taken(workspace, workspace->start ? 0 : work_of(problem, form));
    return at;
}

int64_t mx_run_workspace(const mx_problem *problem, int64_t n_components) {
    mx_workspace counted = {0};
    begun(problem, 0, n_components, &counted);
    return counted.used;
}

static void exchange(const mx_form *form, const mx_state *state, mx_model *model, int out) {
    int64_t n = form->n_components;
    int64_t d = form->n_columns;
    double *ours[] = {model->log_weights, model->means, model->factors, model->axes, model->extras};
    double *theirs[] = {state->log_weights, state->means, state->factors, state->axes,
                        state->extras};
    int64_t sizes[] = {n, form->n_gaussians * d, form->n_factors, form->common_axes ? d * d : 0,
                       n * form->n_extras};
    for (int i = 0; i < 5; i++)
        if (sizes[i])
            memcpy(out ? theirs[i] : ours[i], out ? ours[i] : theirs[i], sizeof(double) * sizes[i]);
}

void mx_run(const mx_problem *problem, const mx_rule *rule, mx_state *state, double *workspace) {
    mx_workspace from = {.start = workspace};
    run at = begun(problem, state, state->n_components, &from);
    mx_course course = {0};
    state->n_steps = 0;
    at.asked.of = &at;
    mx_driver_begin(at.driver, &at.asked, rule, &course);
    exchange(&at.form, state, &at.now, 0);
    int ending = mx_bind(problem, &at.form, &at.now) ? MX_ENDED_HARD : -1;
    while (ending < 0)
        ending = swept(&at) ? MX_ENDED_HARD
                            : mx_driver_advance(at.driver, at.log_likelihood, at.objective);
    state->n_rejected = course.n_rejected;
    state->gain_left = course.gain_left;
    exchange(&at.form, state, &at.now, 1);
    if (state->n_steps)
        mx_about_origin(&at.form, &at.best, state->sums);
    memcpy(state->rows, at.moments.rows, sizeof(double) * at.form.n_components);
    memcpy(state->centres, at.moments.means,
           sizeof(double) * at.form.n_gaussians * at.form.n_columns);
    memcpy(state->scatter, at.moments.scatter, sizeof(double) * at.form.n_scatter);
    /* The general code says what a fall means. */
    state->ending = ending == MX_ENDED_FELL ? MX_ENDED_HARD : ending;
}

static int started(const mx_problem *problem, const double *responsibilities, int64_t row_stride,
                   int64_t component_stride, mx_moments_maker *make, mx_state *state,
                   double *workspace) {
    mx_workspace from = {.start = workspace};
    run at = begun(problem, state, state->n_components, &from);
    const mx_model nothing = {0};
    if (problem->gaps)
        mx_first_totals(problem, &at.form, responsibilities, row_stride, component_stride,
                        at.now.theta, at.sums, at.entropy, at.workspace);
    else
        mx_parted_totals(problem, &at.form, responsibilities, row_stride, component_stride, at.sums,
                         at.workspace);
    if (make(problem, &at.form, 0, at.sums, &at.moments) ||
        mx_maximise(problem, &at.form, &at.moments, &nothing, &at.now, at.workspace))
        return MX_HARD;
    exchange(&at.form, state, &at.now, 1);
    return MX_DONE;
}

int mx_start(const mx_problem *problem, const double *responsibilities, int64_t row_stride,
             int64_t component_stride, mx_state *state, double *workspace) {
    return started(problem, responsibilities, row_stride, component_stride, mx_moments_of, state,
                   workspace);
}

int mx_start_borrowing(const mx_problem *problem, const double *responsibilities,
                       int64_t row_stride, int64_t component_stride, mx_state *state,
                       double *workspace) {
    return started(problem, responsibilities, row_stride, component_stride, mx_first_moments, state,
                   workspace);
}

int mx_posterior(const mx_problem *problem, mx_state *state, double *responsibilities,
                 double *workspace) {
    mx_workspace from = {.start = workspace};
    run at = begun(problem, state, state->n_components, &from);
    exchange(&at.form, state, &at.now, 0);
    if (mx_bind_plain(problem, &at.form, &at.now))
        return MX_HARD;
    if (problem->gaps)
        mx_gaps_responsibilities(problem->gaps, at.form.n_components, at.now.theta,
                                 responsibilities, at.workspace);
    else
        mx_parted_responsibilities(problem, &at.form, at.now.theta, responsibilities, at.workspace);
    return MX_DONE;
}
