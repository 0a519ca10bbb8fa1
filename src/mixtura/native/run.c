/*
 * EM for Gaussian components, accelerated by SQUAREM on the moments (Varadhan and Roland 2008): the
 * loop of em/running.py and the state of em/acceleration.py, for problems so small that a sweep
 * takes no longer than Python takes to speak of it.
 */
#include "run.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "finish.h"
#include "gap_run.h"
#include "gaussian.h"

#define FIRST_LENGTH 4.0
#define GROWTH 4.0
/* What leaps leave to quasi-Newton steps, in nats. */
#define NEAR 10.0
/* Gain of a step, in nats for each row, below which leaps begin. */
#define STEADY_GAIN 1e-3
/* The rate is still rising when it is read. */
#define SAFETY 1.5
/* Gains below this share of the objective are its last digits. */
#define EXACT 1e-14
/* For how many cycles a rate counts. */
#define REMEMBERED 6
/* How far to look for more, in multiples of the distance to the limit, and at least of a step. */
#define PROBE 3.0
#define SHORTEST_PROBE 10.0
/* How often a leap that leaves the parameter space is shortened. */
#define SHORTENED 4
/* By how much the objective may fall for rounding, of itself and the rows' weight. */
#define ROUNDING 1e-9
/* By how much a run must be behind another to end. */
#define BEHIND 0.02

typedef struct {
    int64_t size;
    double *points[3]; /* the last EM steps, oldest first */
    double objectives[3];
    int count;
    double longest, length;
    double rates[REMEMBERED];
    int n_rates;
} squarem;

typedef struct {
    const mx_problem *problem;
    const mx_rule *rule;
    mx_state *state;
    mx_form form;
    mx_model now, resort, best;
    mx_moments moments, there;
    squarem leaps;
    mx_finish finish; /* in place of leaps, once little is left to gain */
    double *sums, *squared, *entropy, *points, *point, *room;
    double values[2], log_likelihood, objective, promised;
    int proposed, probing;
} run;

static double step_size(const squarem *at, int from) {
    double total = 0;
    for (int64_t i = 0; i < at->size; i++) {
        double step = at->points[from + 1][i] - at->points[from][i];
        total += step * step;
    }
    return sqrt(total);
}

static double rate_of(const squarem *at) {
    double first = step_size(at, 0);
    return first > 0 ? step_size(at, 1) / first : 0;
}

static void keep_rate(squarem *at) {
    if (at->n_rates == REMEMBERED)
        memmove(at->rates, at->rates + 1, sizeof(double) * (REMEMBERED - 1));
    else
        at->n_rates++;
    at->rates[at->n_rates - 1] = rate_of(at);
}

static void take_step(squarem *at, const double *point, double objective) {
    if (at->count == 3) {
        double *oldest = at->points[0];
        at->points[0] = at->points[1];
        at->points[1] = at->points[2];
        at->points[2] = oldest;
        at->objectives[0] = at->objectives[1];
        at->objectives[1] = at->objectives[2];
        at->count = 2;
    }
    memcpy(at->points[at->count], point, sizeof(double) * at->size);
    at->objectives[at->count++] = objective;
}

static void accept(squarem *at) {
    if (at->length >= at->longest)
        at->longest *= GROWTH;
    keep_rate(at);
    at->count = 0;
}

static void reject(squarem *at) {
    double shorter = (at->longest < at->length ? at->longest : at->length) / GROWTH;
    at->longest = shorter > FIRST_LENGTH / 2 ? shorter : FIRST_LENGTH / 2;
    keep_rate(at);
    double *last = at->points[2];
    at->points[2] = at->points[0];
    at->points[0] = last;
    at->objectives[0] = at->objectives[2];
    at->count = 1;
}

static double squarem_gain(const squarem *at) {
    if (at->count < 3 || !at->n_rates)
        return INFINITY;
    double before = at->objectives[1] - at->objectives[0];
    double gain = at->objectives[2] - at->objectives[1];
    if (gain <= EXACT * fabs(at->objectives[2]))
        return 0;
    double now = rate_of(at), ratio = before > 0 ? gain / before : 1.0;
    ratio = fmax(ratio, now * now);
    for (int i = 0; i < at->n_rates; i++)
        ratio = fmax(ratio, at->rates[i] * at->rates[i]);
    return ratio < 1 ? SAFETY * gain * ratio / (1 - ratio) : INFINITY;
}

/* Aitken's estimate, as in em/stopping.py. */
static double aitken_gain(const mx_state *state) {
    int64_t n = state->n_steps;
    if (n < 4)
        return INFINITY;
    const double *last = state->history + 3 * (n - 1) + 1;
    double gains[3] = {last[-6] - last[-9], last[-3] - last[-6], last[0] - last[-3]};
    if (gains[2] <= 0)
        return 0;
    double ratio = -INFINITY;
    for (int i = 0; i < 2; i++)
        if (gains[i] > 0)
            ratio = fmax(ratio, gains[i + 1] / gains[i]);
    return ratio > -INFINITY && ratio < 1 ? gains[2] * ratio / (1 - ratio) : INFINITY;
}

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

static double objective_at(const run *at, int64_t back) {
    return at->state->history[3 * (at->state->n_steps - 1 - back) + 1];
}

/* Q of one model minus Q of another under the sums of the last sweep that was taken. */
static double promised_by(const run *at, const mx_model *next, const mx_model *before) {
    const mx_form *form = &at->form;
    if (at->problem->gaps)
        return mx_promised_with_gaps(form, next, before, at->state->sums, at->room);
    double total = next->offset - before->offset;
    for (int64_t k = 0; k < form->n_components; k++) {
        int64_t first = k * form->n_features, last = first + form->n_features;
        if (next->centred[k] != 0 || before->centred[k] != 0) {
            total += mx_expected_of(form, next, &at->moments, k) -
                     mx_expected_of(form, before, &at->moments, k);
            first = last - form->n_extras;
        }
        for (int64_t i = first; i < last; i++)
            total += (next->theta[i] - before->theta[i]) * at->state->sums[i];
    }
    return total;
}

/* The sweep of rows with missing cells: parameters and sums about points (K, D), or NULL. */
static void sweep_gaps(run *at, const double *theta, const double *points) {
    mx_gaps rows = *at->problem->gaps;
    rows.about = points;
    mx_sweep_gaps_stack(&rows, 1, &at->form.n_components, theta, at->sums, at->squared, at->values,
                        at->entropy, at->room);
}

static void sweep_features(run *at) {
    const mx_problem *problem = at->problem;
    const mx_centred centred = {at->now.centred,  at->now.means,
                                at->now.factors,  at->form.n_columns,
                                at->form.n_pairs, at->form.n_factors / at->form.n_gaussians};
    mx_sweep_about(&problem->rows, at->now.n_centred ? &centred : 0, at->form.n_components,
                   at->now.theta, at->sums, at->squared, at->values, at->room);
}

static int swept(run *at) {
    const mx_problem *problem = at->problem;
    if (problem->gaps) {
        mx_points_of(&at->form, &at->now, at->points);
        sweep_gaps(at, at->now.theta, at->now.n_centred ? at->points : 0);
    } else {
        sweep_features(at);
    }
    at->log_likelihood = at->values[0] + at->now.offset + problem->total_weight * problem->constant;
    at->objective = at->log_likelihood + at->now.log_prior;
    return isfinite(at->objective) ? MX_DONE : MX_HARD;
}

/* Keeps the sweep just made as the best so far. */
static void record(run *at) {
    mx_state *state = at->state;
    const mx_form *form = &at->form;
    double *step = state->history + 3 * state->n_steps++;
    step[0] = at->log_likelihood;
    step[1] = at->objective;
    step[2] = at->promised;
    copy_model(form, &at->now, &at->best);
    memcpy(state->sums, at->sums, sizeof(double) * form->n_components * form->n_features);
    memcpy(state->squared, at->squared, sizeof(double) * form->n_components);
    if (at->problem->gaps)
        memcpy(state->entropy, at->entropy, sizeof(double) * form->n_components);
    memcpy(state->values, at->values, sizeof(at->values));
}

static double tolerance(const run *at) {
    return at->rule->nats + at->rule->relative * fabs(at->objective);
}

static int met(run *at) {
    const mx_rule *rule = at->rule;
    mx_state *state = at->state;
    if (at->finish.begun)
        state->gain_left = mx_finish_gain(&at->finish);
    else
        state->gain_left = rule->accelerate ? squarem_gain(&at->leaps) : aitken_gain(state);
    if (rule->never)
        return 0;
    if (rule->mean_change >= 0)
        return state->n_steps > 1 &&
               fabs(objective_at(at, 0) - objective_at(at, 1)) / at->problem->total_weight <
                   rule->mean_change;
    if (state->gain_left < tolerance(at))
        return 1;
    double hope = state->gain_left;
    if (state->n_steps > rule->lately)
        hope = fmin(hope, rule->reach * (at->objective - objective_at(at, rule->lately)));
    return at->objective + hope < rule->best;
}

/* What the objective may fall by: for its own size, or for what densities keep as well. */
static double rounding(const run *at, int of_densities) {
    double digits = ROUNDING * (fabs(at->objective) + at->problem->total_weight);
    for (int64_t k = 0; of_densities && k < at->form.n_components; k++)
        digits += DBL_EPSILON * at->moments.rows[k] * at->best.rough[k];
    return digits;
}

static int outrun(const run *at) {
    const mx_rule *rule = at->rule;
    return at->state->n_steps > rule->lately &&
           at->objective + rule->hope * (at->objective - objective_at(at, rule->lately)) <
               rule->ahead - BEHIND;
}

/* Moves to the mixture at a point of the moments' space, if there is one. */
static int moved_to_point(run *at, const mx_model *warm, mx_model *next) {
    return mx_moments_at(at->problem, &at->form, at->point, &at->moments, &at->there) ||
           mx_maximise(at->problem, &at->form, &at->there, warm, next, at->room);
}

/* Whether EM has found its way, so that leaps do not choose between optima. */
static int ready(const run *at, double steady) {
    const squarem *leaps = &at->leaps;
    return leaps->count == 3 && leaps->objectives[2] - leaps->objectives[1] < steady;
}

/* Moves by a quasi-Newton step, if that is a mixture. */
static int finishing_step(run *at) {
    if (!mx_finish_propose(at->problem, &at->form, &at->finish, &at->now) &&
        !mx_bind(at->problem, &at->form, &at->now))
        return 1;
    return 0;
}

static int leap(run *at) {
    squarem *leaps = &at->leaps;
    double first = step_size(leaps, 0), bend = 0;
    for (int64_t i = 0; i < leaps->size; i++) {
        double turn = leaps->points[2][i] - 2 * leaps->points[1][i] + leaps->points[0][i];
        bend += turn * turn;
    }
    leaps->length = bend > 0 ? fmin(first / sqrt(bend), leaps->longest) : 1.0;
    for (int tried = 0; tried < SHORTENED && leaps->length > 1; tried++) {
        double length = leaps->length;
        for (int64_t i = 0; i < leaps->size; i++) {
            double start = leaps->points[0][i], step = leaps->points[1][i] - start;
            double turn = leaps->points[2][i] - leaps->points[1][i] - step;
            at->point[i] = start + 2 * length * step + length * length * turn;
        }
        if (!moved_to_point(at, &at->best, &at->now))
            return 1;
        leaps->length = length > 1.5 ? (length + 1) / 2 : 1.0;
    }
    return 0;
}

/* Moves far along the last step, to tell an optimum from a plateau. */
static int looks_further(run *at) {
    squarem *leaps = &at->leaps;
    const mx_state *state = at->state;
    if (!at->rule->accelerate || at->rule->steps_past || leaps->count < 3 ||
        state->n_steps + state->n_rejected >= at->rule->most_sweeps)
        return 0;
    double length = fmax(SHORTEST_PROBE, PROBE / fmax(1 - rate_of(leaps), 1e-3));
    for (int tried = 0; tried < SHORTENED; tried++, length /= 4) {
        for (int64_t i = 0; i < leaps->size; i++)
            at->point[i] =
                leaps->points[2][i] + length * (leaps->points[2][i] - leaps->points[1][i]);
        if (!moved_to_point(at, &at->best, &at->now))
            return 1;
    }
    return 0;
}

/*
 * Moments of the last sweep from one about the means that it found, where cells are missing: there
 * they keep their digits.
 */
static int resummed(run *at) {
    const mx_form *form = &at->form;
    int64_t n = form->n_components;
    if (!at->problem->gaps || !mx_has_rows(form, at->sums))
        return MX_HARD;
    copy_model(form, &at->best, &at->resort);
    memcpy(at->resort.means, at->moments.means, sizeof(double) * n * form->n_columns);
    for (int64_t k = 0; k < n; k++)
        at->resort.centred[k] = 1;
    at->resort.n_centred = n;
    mx_points_of(form, &at->best, at->points);
    mx_theta_about(form, at->points, at->resort.means, at->resort.theta);
    sweep_gaps(at, at->resort.theta, at->resort.means);
    return mx_moments_of(at->problem, form, &at->resort, at->sums, &at->moments);
}

static int limited(const run *at) {
    return at->state->n_steps + at->state->n_rejected >= at->rule->most_sweeps;
}

/*
 * Takes one sweep in and moves on; returns an ending, or -1 to go on. At the end the model is in
 * `now`.
 */
static int advanced(run *at) {
    mx_state *state = at->state;
    int landed = 0;
    if (at->probing) {
        at->probing = 0;
        if (!(at->objective > objective_at(at, 0) + tolerance(at))) {
            state->n_rejected++;
            copy_model(&at->form, &at->best, &at->now);
            return MX_ENDED_RULE;
        }
        at->leaps.count = at->leaps.n_rates = 0;
        at->finish.begun = 0;
    } else if (at->proposed) {
        at->proposed = 0;
        landed = 1;
        if (!(at->objective >= objective_at(at, 0))) {
            if (!at->finish.begun)
                reject(&at->leaps);
            else if (mx_moments_of(at->problem, &at->form, &at->now, at->sums, &at->there))
                at->finish.begun = 0;
            else
                mx_finish_reject(at->problem, &at->form, &at->finish, &at->now, &at->there);
            state->n_rejected++;
            copy_model(&at->form, &at->resort, &at->now);
            at->promised = promised_by(at, &at->now, &at->best);
            return limited(at) ? MX_ENDED_LIMIT : -1;
        }
        if (!at->finish.begun)
            accept(&at->leaps);
    }
    if (state->n_steps && at->objective < objective_at(at, 0) - rounding(at, 0)) {
        double lost = rounding(at, 1);
        if (!(at->objective >= objective_at(at, 0) - lost || at->promised >= -lost))
            return MX_ENDED_HARD;
        copy_model(&at->form, &at->best, &at->now);
        return MX_ENDED_ROUNDING;
    }
    record(at);
    if (mx_moments_of(at->problem, &at->form, &at->best, at->sums, &at->moments) && resummed(at))
        return MX_ENDED_HARD;
    if (at->rule->accelerate) {
        mx_coordinates(at->problem, &at->form, &at->moments, at->point);
        take_step(&at->leaps, at->point, at->objective);
    }
    if (at->finish.begun)
        mx_finish_move(at->problem, &at->form, &at->finish, &at->best, &at->moments, landed);
    int ending = -1;
    if (met(at)) {
        if (looks_further(at)) {
            at->probing = 1;
            at->promised = promised_by(at, &at->now, &at->best);
            return -1;
        }
        ending = MX_ENDED_RULE;
        if (!at->rule->steps_past) {
            copy_model(&at->form, &at->best, &at->now);
            return ending;
        }
    } else if (outrun(at)) {
        ending = MX_ENDED_OUTRUN;
    }
    int status =
        mx_maximise(at->problem, &at->form, &at->moments, &at->best, &at->resort, at->room);
    if (status)
        return status == MX_FLAT ? MX_ENDED_FLAT : MX_ENDED_HARD;
    if (ending < 0 && limited(at))
        ending = MX_ENDED_LIMIT;
    if (ending < 0 && at->rule->accelerate && ready(at, STEADY_GAIN * at->problem->total_weight)) {
        if (!at->finish.begun && mx_is_free(&at->form) && squarem_gain(&at->leaps) < NEAR)
            mx_finish_begin(at->problem, &at->form, &at->finish, &at->best, &at->moments);
        if (at->finish.begun ? finishing_step(at) : leap(at)) {
            at->proposed = 1;
            at->promised = promised_by(at, &at->now, &at->best);
            return -1;
        }
        if (!at->finish.begun)
            reject(&at->leaps);
    }
    copy_model(&at->form, &at->resort, &at->now);
    at->promised = promised_by(at, &at->now, &at->best);
    return ending;
}

static run begun(const mx_problem *problem, const mx_rule *rule, mx_state *state,
                 int64_t n_components, mx_room *room) {
    run at = {.problem = problem, .rule = rule, .state = state};
    at.form = mx_form_for(problem, n_components);
    const mx_form *form = &at.form;
    at.now = mx_model_in(form, room);
    at.resort = mx_model_in(form, room);
    at.best = mx_model_in(form, room);
    at.moments = mx_moments_in(form, room);
    at.there = mx_moments_in(form, room);
    for (int i = 0; i < 3; i++)
        at.leaps.points[i] = mx_taken(room, form->n_coordinates);
    at.point = mx_taken(room, form->n_coordinates);
    at.sums = mx_taken(room, n_components * form->n_features);
    at.squared = mx_taken(room, n_components);
    at.entropy = mx_taken(room, n_components);
    at.points = mx_taken(room, n_components * form->n_columns);
    at.finish = mx_finish_in(form, room);
    int64_t sweep = problem->gaps ? mx_gaps_room(problem->gaps, n_components)
                                  : mx_sweep_room(n_components, form->n_features);
    int64_t promise = n_components * (form->n_features + 2 * form->n_columns);
    sweep = sweep > promise ? sweep : promise;
    int64_t update = form->n_scatter + mx_floored_room(form->n_gaussians, form->n_columns);
    at.room = mx_taken(room, sweep > update ? sweep : update);
    at.leaps.size = form->n_coordinates;
    at.leaps.longest = FIRST_LENGTH;
    at.leaps.length = 1.0;
    at.promised = NAN;
    return at;
}

int64_t mx_run_room(const mx_problem *problem, int64_t n_components) {
    mx_room counted = {0};
    begun(problem, 0, 0, n_components, &counted);
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

void mx_run(const mx_problem *problem, const mx_rule *rule, mx_state *state, double *room) {
    mx_room from = {.start = room};
    run at = begun(problem, rule, state, state->n_components, &from);
    state->n_steps = state->n_rejected = 0;
    state->gain_left = INFINITY;
    exchange(&at.form, state, &at.now, 0);
    int ending = mx_bind(problem, &at.form, &at.now) ? MX_ENDED_HARD : -1;
    while (ending < 0)
        ending = swept(&at) ? MX_ENDED_HARD : advanced(&at);
    exchange(&at.form, state, &at.now, 1);
    if (state->n_steps)
        mx_about_origin(&at.form, &at.best, state->sums);
    memcpy(state->rows, at.moments.rows, sizeof(double) * at.form.n_components);
    memcpy(state->centres, at.moments.means,
           sizeof(double) * at.form.n_gaussians * at.form.n_columns);
    memcpy(state->scatter, at.moments.scatter, sizeof(double) * at.form.n_scatter);
    state->ending = ending;
}

typedef int moments_maker(const mx_problem *, const mx_form *, const mx_model *, const double *,
                          mx_moments *);

static int started(const mx_problem *problem, const double *shares, int64_t row_stride,
                   int64_t component_stride, moments_maker *make, mx_state *state, double *room) {
    mx_room from = {.start = room};
    run at = begun(problem, 0, state, state->n_components, &from);
    const mx_model nothing = {0};
    if (problem->gaps)
        mx_first_totals(problem, &at.form, shares, row_stride, component_stride, at.now.theta,
                        at.sums, at.entropy, at.room);
    else
        mx_totals(&problem->rows, at.form.n_components, shares, row_stride, component_stride,
                  at.sums, at.room);
    if (make(problem, &at.form, 0, at.sums, &at.moments) ||
        mx_maximise(problem, &at.form, &at.moments, &nothing, &at.now, at.room))
        return MX_HARD;
    exchange(&at.form, state, &at.now, 1);
    return MX_DONE;
}

int mx_start(const mx_problem *problem, const double *shares, int64_t row_stride,
             int64_t component_stride, mx_state *state, double *room) {
    return started(problem, shares, row_stride, component_stride, mx_moments_of, state, room);
}

int mx_start_borrowing(const mx_problem *problem, const double *shares, int64_t row_stride,
                       int64_t component_stride, mx_state *state, double *room) {
    return started(problem, shares, row_stride, component_stride, mx_first_moments, state, room);
}

int mx_posterior(const mx_problem *problem, mx_state *state, double *shares, double *room) {
    mx_room from = {.start = room};
    run at = begun(problem, 0, state, state->n_components, &from);
    exchange(&at.form, state, &at.now, 0);
    if (mx_bind_plain(problem, &at.form, &at.now))
        return MX_HARD;
    if (problem->gaps)
        mx_gaps_shares(problem->gaps, at.form.n_components, at.now.theta, shares, at.room);
    else
        mx_shares(&problem->rows, at.form.n_components, at.now.theta, shares, at.room);
    return MX_DONE;
}
