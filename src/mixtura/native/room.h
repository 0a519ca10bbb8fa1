/* Room to lay arrays out in, so that its size is counted by the very code that lays them out. */
#ifndef MIXTURA_ROOM_H
#define MIXTURA_ROOM_H

#include <stdint.h>

/* Without a start, it only counts. */
typedef struct {
    double *start;
    int64_t used;
} mx_room;

static inline double *mx_taken(mx_room *room, int64_t count) {
    double *from = room->start ? room->start + room->used : 0;
    room->used += count;
    return from;
}

#endif
