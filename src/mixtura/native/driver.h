/*
 * The driver of a run: EM accelerated by SQUAREM on the moments, quasi-Newton steps once little is
 * left to gain, and the rules by which it ends. It sees no rows and no family: told what a sweep of
 * a model found, it says to sweep another or that the run has ended, and asks for the models on the
 * way. So one driver leads runs in C (run.c) and those whose sweeps and M-steps are made elsewhere.
 */
#ifndef MIXTURA_DRIVER_H
#define MIXTURA_DRIVER_H

#include "mixtura.h"

/*
 * Why a run ended; MX_ENDED_HARD leaves it to the caller to begin anew with more care, and
 * MX_ENDED_FLAT to take the M-step from the moments of the last sweep. MX_ENDED_ROUNDING: what an
 * M-step gains is lost in the digits of the densities. MX_ENDED_FELL: the objective fell by more,
 * which EM cannot do. MX_ENDED_BROKEN: a question was not answered.
 */
enum mx_ending {
    MX_ENDED_RULE = 0,
    MX_ENDED_LIMIT = 1,
    MX_ENDED_OUTRUN = 2,
    MX_ENDED_HARD = 3,
    MX_ENDED_FLAT = 4,
    MX_ENDED_ROUNDING = 5,
    MX_ENDED_FELL = 6,
    MX_ENDED_BROKEN = 7
};

/*
 * What a run asks. There are three models: the one that is swept next, the best so far, and one to
 * resort to where the next turns out worse. What is swept first is there before the first question.
 * Answers are of mx_status.
 */
enum mx_question {
    MX_KEEP,     /* let the model just swept be the best, with its moments */
    MX_LOCATE,   /* set `point` to these moments */
    MX_STEP,     /* let the model to resort to be the M-step of these moments; may be MX_FLAT */
    MX_EXTRAPOLATE, /* let the next model be the M-step of the moments at `point`; may be MX_HARD */
    MX_CHART, /* lay a chart about the best, and say of how many coordinates; may be MX_HARD */
    MX_CHARTED, /* set `charted` to the best in that chart, and `gradient` to that there */
    MX_REJECTED, /* the same of the model just swept, which is worse; may be MX_HARD */
    MX_TRY, /* let the next model be that at `charted`; may be MX_HARD */
    MX_PROMISE, /* set `value` to Q of the next model less Q of the best */
    MX_DIGITS, /* set `value` to what the rounding of densities costs the objective */
    MX_BACK, /* let the next model be the best */
    MX_RESORT /* let the next model be the one to resort to */
};

/* Answers the question of an mx_asked, `of` being what stands there. */
typedef int mx_answer(void *of);

typedef struct {
    mx_answer *answer;
    void *of;
    int64_t question;
    double total_weight; /* of the rows */
    int64_t n_coordinates; /* of moments; zero where a run is not accelerated */
    double *point; /* (n_coordinates) */
    int64_t n_charted; /* set by who answers MX_CHART, as the next three are */
    double *charted; /* (n_charted) */
    double *gradient; /* (n_charted) */
    double *memory; /* mx_lbfgs_workspace doubles */
    double value;
} mx_asked;

/* When a run ends. */
typedef struct {
    int64_t most_sweeps;
    int64_t accelerate;
    int64_t never; /* no rule but the number of sweeps */
    int64_t steps_past; /* whether the M-step after the last sweep still counts */
    double nats, relative; /* what may be left to gain */
    double mean_change; /* ends where a row's mean changes by less; negative: not looked at */
    double best; /* an objective to reach: ends where it is out of reach; -inf: none */
    double reach; /* how many times what it gained lately a run is thought to gain at the most */
    int64_t lately; /* in so many sweeps, fewer than MX_RECENT */
    double hope; /* as `reach`, for `ahead` */
    double ahead; /* what another run has reached; -inf: none */
    int64_t may_fall; /* whether the objective is one that can */
    int64_t no_bound; /* whether MX_PROMISE is asked only where the objective fell */
} mx_rule;

/* Objectives that are remembered. */
#define MX_RECENT 8

/* How far a run has come. */
typedef struct {
    int64_t n_steps, n_rejected; /* sweeps that were taken, and extrapolations that were not */
    double gain_left; /* an estimate, in nats */
    int64_t n_recent;
    double recent[MX_RECENT]; /* the last objectives, also those of an earlier run */
} mx_course;

/* The doubles that a driver works in. */
MX_EXPORT int64_t mx_driver_workspace(int64_t n_coordinates);

/*
 * Begins a run in `driver`, of mx_driver_workspace doubles. What it is given must stay where it is;
 * the rule may change, and the course may hold objectives of an earlier run.
 */
MX_EXPORT void mx_driver_begin(void *driver, mx_asked *asked, const mx_rule *rule,
                               mx_course *course);

/*
 * Lets a copy of a driver go on, told as to mx_driver_begin. The driver stood at `from`, and the
 * memory of what it asked at `memory`, of which asked->memory holds a copy.
 */
MX_EXPORT void mx_driver_restore(void *driver, const void *from, const void *memory,
                                 mx_asked *asked, const mx_rule *rule, mx_course *course);

/* Takes a sweep of the next model in; returns an ending, or -1 to sweep the next one. */
MX_EXPORT int mx_driver_advance(void *driver, double log_likelihood, double objective);

#endif
