/* Room to lay arrays out in, so that its size is counted by the very code that lays them out. */
#ifndef MIXTURA_ROOM_H
#define MIXTURA_ROOM_H

#include <stdint.h>

/* Without a start, it only counts. */
typedef struct {
    double *start;
    int64_t used;
} mx_workspace;

static inline double *mx_taken(mx_workspace *workspace, int64_t count) {
    double *from = workspace->start ? workspace->start + workspace->used : 0;
    workspace->used += count;
    return from;
}

/* Where an array of a workspace that stood at `from` stands in its copy. */
static inline double *mx_moved(const double *array, const void *from, void *to) {
    return (double *)((char *)to + ((uintptr_t)array - (uintptr_t)from));
}

/* Whole lines of the cache for so many bytes, on a line where the workspace begins on one. */
static inline void *mx_lines(mx_workspace *workspace, int64_t bytes) {
    return mx_taken(workspace, (bytes + 63) / 64 * 8);
}

#endif
