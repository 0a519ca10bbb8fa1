#include "driver.h"

#include <math.h>
#include <string.h>

#include "lbfgs.h"
#include "squarem.h"

/* What extrapolations leave to quasi-Newton steps, in nats. */
#define NEAR 10.0
/* Gain of a step, in nats for each row, below which extrapolations begin. */
#define STEADY_GAIN 1e-3
/* By how much the objective may fall for rounding, of itself and the rows' weight. */
#define LOST 1e-9
/* By how much a run must be behind another to end. */
#define BEHIND 0.02
/* Proposals in a row that are no mixture, after which quasi-Newton steps end. */
#define MOST_REFUSED 2

typedef struct {
    mx_asked *asked;
    const mx_rule *rule;
    mx_course *course;
    mx_squarem squarem;
    mx_lbfgs finish; /* in place of extrapolations, once little is left to gain */
    int finishing, refused;
    int proposed; /* whether an extrapolation or a quasi-Newton step is swept */
    int probing;  /* whether what is swept only looks for more beyond what seems the end */
    int broken;
    double log_likelihood, objective, promised;
    double log_prior; /* of the best */
} run;

static run run_in(int64_t n_coordinates, mx_workspace *workspace) {
    return (run){.squarem = mx_squarem_in(n_coordinates, workspace), .promised = NAN};
}

static int64_t size_of_run(void) { return (sizeof(run) + sizeof(double) - 1) / sizeof(double); }

int64_t mx_driver_workspace(int64_t n_coordinates) {
    mx_workspace counted = {0};
    mx_taken(&counted, size_of_run());
    run_in(n_coordinates, &counted);
    return counted.used;
}

void mx_driver_begin(void *driver, mx_asked *asked, const mx_rule *rule, mx_course *course) {
    mx_workspace from = {.start = driver};
    run *at = (run *)mx_taken(&from, size_of_run());
    *at = run_in(asked->n_coordinates, &from);
    at->asked = asked;
    at->rule = rule;
    at->course = course;
    course->n_steps = course->n_rejected = 0;
    course->gain_left = INFINITY;
}

void mx_driver_restore(void *driver, const void *from, const void *memory, mx_asked *asked,
                       const mx_rule *rule, mx_course *course) {
    run *at = driver;
    at->asked = asked;
    at->rule = rule;
    at->course = course;
    mx_squarem_restore(&at->squarem, from, driver);
    if (at->finishing)
        mx_lbfgs_restore(&at->finish, memory, asked->memory);
}

static int ask(run *at, int question) {
    if (at->broken)
        return MX_BROKEN;
    at->asked->question = question;
    int status = at->asked->answer(at->asked->of);
    at->broken = status == MX_BROKEN;
    return status;
}

static double asked_value(run *at, int question) {
    at->asked->value = NAN;
    ask(at, question);
    return at->asked->value;
}

/* The objective so many steps before the last one taken. */
static double objective_at(const run *at, int64_t back) {
    return at->course->recent[at->course->n_recent - 1 - back];
}

/* Aitken's estimate of what a linearly converging sequence has left: with gains g and their largest
 * recent ratio rho, g rho / (1 - rho) (Boehning et al. 1994). */
static double aitken_gain(const run *at) {
    if (at->course->n_recent < 4)
        return INFINITY;
    double gains[3], ratio = -INFINITY;
    for (int i = 0; i < 3; i++)
        gains[i] = objective_at(at, 2 - i) - objective_at(at, 3 - i);
    if (gains[2] <= 0)
        return 0;
    for (int i = 0; i < 2; i++)
        if (gains[i] > 0)
            ratio = fmax(ratio, gains[i + 1] / gains[i]);
    return ratio > -INFINITY && ratio < 1 ? gains[2] * ratio / (1 - ratio) : INFINITY;
}

static double estimated_gain(run *at) {
    if (at->finishing)
        return mx_lbfgs_gain(&at->finish);
    return at->rule->accelerate ? mx_squarem_gain(&at->squarem) : aitken_gain(at);
}

static double tolerance(const run *at) {
    return at->rule->nats + at->rule->relative * fabs(at->objective);
}

/* What is thought to be gained at the most, by what was gained lately; infinite where that is not
 * known. */
static double hoped_for(const run *at, double times) {
    if (at->course->n_recent <= at->rule->lately)
        return INFINITY;
    return times * (at->objective - objective_at(at, at->rule->lately));
}

static int met(const run *at) {
    const mx_rule *rule = at->rule;
    double gain = at->course->gain_left;
    if (rule->never)
        return 0;
    if (rule->mean_change >= 0)
        return at->course->n_recent > 1 &&
               fabs(objective_at(at, 0) - objective_at(at, 1)) / at->asked->total_weight <
                   rule->mean_change;
    if (gain < tolerance(at))
        return 1;
    return at->objective + fmin(gain, hoped_for(at, rule->reach)) < rule->best;
}

static int outrun(const run *at) {
    return at->objective + hoped_for(at, at->rule->hope) < at->rule->ahead - BEHIND;
}

static int limited(const run *at) {
    return at->course->n_steps + at->course->n_rejected >= at->rule->most_sweeps;
}

/* Goes on to sweep the next model. */
static int going_on(run *at) {
    at->promised = at->rule->no_bound ? NAN : asked_value(at, MX_PROMISE);
    return -1;
}

/* Goes back from an extrapolation or a quasi-Newton step that is worse. */
static int rejected(run *at) {
    if (!at->finishing)
        mx_squarem_reject(&at->squarem);
    else if (ask(at, MX_REJECTED))
        at->finishing = 0;
    else
        mx_lbfgs_reject(&at->finish, at->asked->charted, at->asked->gradient);
    at->course->n_rejected++;
    ask(at, MX_RESORT);
    int on = going_on(at);
    return limited(at) ? MX_ENDED_LIMIT : on;
}

/* Why a run ends whose objective fell, or -1 where it did not. */
static int fallen(run *at) {
    double before = objective_at(at, 0);
    double lost = LOST * (fabs(at->objective) + at->asked->total_weight);
    if (at->objective >= before - lost)
        return -1;
    lost += asked_value(at, MX_DIGITS);
    if (!(at->objective >= before - lost)) {
        double promised = at->rule->no_bound ? asked_value(at, MX_PROMISE) : at->promised;
        double log_prior = at->objective - at->log_likelihood;
        /* Where the M-step did raise Q the difference is lost in the digits of the densities. */
        if (!(promised + log_prior - at->log_prior >= -lost))
            return MX_ENDED_FELL;
    }
    ask(at, MX_BACK);
    return MX_ENDED_ROUNDING;
}

/* Keeps the sweep just made as the best so far. */
static int recorded(run *at) {
    mx_course *course = at->course;
    if (course->n_recent == MX_RECENT)
        memmove(course->recent, course->recent + 1, sizeof(double) * --course->n_recent);
    course->recent[course->n_recent++] = at->objective;
    course->n_steps++;
    at->log_prior = at->objective - at->log_likelihood;
    return ask(at, MX_KEEP);
}

/* Takes note of where the best is, in the spaces of extrapolations and of quasi-Newton steps. */
static void located(run *at, int landed) {
    mx_asked *asked = at->asked;
    if (at->rule->accelerate && !ask(at, MX_LOCATE))
        mx_squarem_step(&at->squarem, asked->point, at->objective);
    if (at->finishing && !ask(at, MX_CHARTED)) {
        if (landed)
            mx_lbfgs_accept(&at->finish);
        mx_lbfgs_move(&at->finish, asked->charted, asked->gradient);
    }
}

/* Moves far along the last step, to tell an optimum from a plateau. */
static int looks_further(run *at) {
    if (!at->rule->accelerate || at->rule->steps_past || limited(at) ||
        !mx_squarem_ready(&at->squarem, INFINITY))
        return 0;
    for (int tried = 0; mx_squarem_probe(&at->squarem, tried, at->asked->point); tried++)
        if (!ask(at, MX_EXTRAPOLATE))
            return 1;
    return 0;
}

static int extrapolations(run *at) {
    for (int tried = 0; mx_squarem_extrapolate(&at->squarem, tried, at->asked->point); tried++)
        if (!ask(at, MX_EXTRAPOLATE))
            return 1;
    return 0;
}

/* Lays a chart about the best, if there is one. */
static void begin_finish(run *at) {
    mx_asked *asked = at->asked;
    if (ask(at, MX_CHART) || ask(at, MX_CHARTED))
        return;
    mx_workspace memory = {.start = asked->memory};
    at->finish = mx_lbfgs_in(asked->n_charted, &memory);
    mx_lbfgs_begin(&at->finish, asked->charted, asked->gradient);
    at->finishing = 1;
    at->refused = 0;
}

/* Moves by a quasi-Newton step, if that is a mixture. */
static int finishing_step(run *at) {
    mx_lbfgs_propose(&at->finish, at->asked->charted);
    if (!ask(at, MX_TRY)) {
        at->refused = 0;
        return 1;
    }
    mx_lbfgs_shorten(&at->finish);
    if (++at->refused >= MOST_REFUSED)
        at->finishing = 0;
    return 0;
}

/* Moves past the EM step, if that is a mixture. */
static int moved_ahead(run *at) {
    if (!at->rule->accelerate ||
        !mx_squarem_ready(&at->squarem, STEADY_GAIN * at->asked->total_weight))
        return 0;
    if (!at->finishing && mx_squarem_gain(&at->squarem) < NEAR)
        begin_finish(at);
    if (at->finishing ? finishing_step(at) : extrapolations(at))
        return 1;
    if (!at->finishing)
        mx_squarem_reject(&at->squarem);
    return 0;
}

static int advanced(run *at) {
    int landed = at->proposed;
    at->proposed = 0;
    if (at->probing) {
        at->probing = 0;
        if (!(at->objective > objective_at(at, 0) + tolerance(at))) {
            at->course->n_rejected++;
            ask(at, MX_BACK);
            return MX_ENDED_RULE;
        }
        mx_squarem_restart(&at->squarem);
        at->finishing = 0;
    } else if (landed) {
        if (!(at->objective >= objective_at(at, 0)))
            return rejected(at);
        if (!at->finishing)
            mx_squarem_accept(&at->squarem);
    }
    int ending = at->course->n_steps && !at->rule->may_fall ? fallen(at) : -1;
    if (ending >= 0)
        return ending;
    if (recorded(at))
        return MX_ENDED_HARD;
    located(at, landed);
    at->course->gain_left = estimated_gain(at);
    if (met(at)) {
        if (looks_further(at)) {
            at->probing = 1;
            return going_on(at);
        }
        ending = MX_ENDED_RULE;
        if (!at->rule->steps_past) {
            ask(at, MX_BACK);
            return ending;
        }
    } else if (outrun(at)) {
        ending = MX_ENDED_OUTRUN;
    }
    int status = ask(at, MX_STEP);
    if (status)
        return status == MX_FLAT ? MX_ENDED_FLAT : MX_ENDED_HARD;
    if (ending < 0 && limited(at))
        ending = MX_ENDED_LIMIT;
    if (ending < 0 && moved_ahead(at)) {
        at->proposed = 1;
        return going_on(at);
    }
    ask(at, MX_RESORT);
    going_on(at);
    return ending;
}

int mx_driver_advance(void *driver, double log_likelihood, double objective) {
    run *at = driver;
    at->log_likelihood = log_likelihood;
    at->objective = objective;
    int ending = advanced(at);
    return at->broken ? MX_ENDED_BROKEN : ending;
}
