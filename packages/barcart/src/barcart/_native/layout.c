/* UMAP's stochastic gradient descent in two dimensions. */

#include <math.h>
#include <stdint.h>
#include <string.h>

/* No step moves a point further than this along an axis, before the learning rate. */
static const double MAX_STEP = 4.0;

/* x^b from a table, linear between 64 knots an octave. The powers take most of the descent's time
 * otherwise. The relative error is at most |b (b - 1)| / 2^15: 3e-6 for the usual b of 0.9. */
enum { KNOT_BITS = 6, FRACTION_BITS = 52 - KNOT_BITS, LOWEST_OCTAVE = -64, OCTAVES = 128 };
enum { KNOTS = OCTAVES << KNOT_BITS };
static const int64_t FIRST_KNOT = (int64_t)(1023 + LOWEST_OCTAVE) << KNOT_BITS;
/* Points at a smaller squared distance are in one place: nothing pulls them together. */
static const double NEAREST = 0x1p-64;

static void tabulate_powers(double b, double *table)
{
    for (int knot = 0; knot <= KNOTS; knot++) {
        const double mantissa = 1.0 + (double)(knot & ((1 << KNOT_BITS) - 1)) / (1 << KNOT_BITS);
        table[knot] = pow(ldexp(mantissa, LOWEST_OCTAVE + (knot >> KNOT_BITS)), b);
    }
}

/* Return x^b for x >= 0; beyond the table, of its nearest end. */
static double power(const double *table, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const int64_t knot = (int64_t)(bits >> FRACTION_BITS) - FIRST_KNOT;
    if (knot < 0)
        return table[0];
    if (knot >= KNOTS)
        return table[KNOTS];
    const uint64_t fraction = bits & (((uint64_t)1 << FRACTION_BITS) - 1);
    const double part = (double)(int64_t)fraction * (1.0 / (double)((int64_t)1 << FRACTION_BITS));
    return table[knot] + part * (table[knot + 1] - table[knot]);
}

static double bounded(double value)
{
    const double raised = value < -MAX_STEP ? -MAX_STEP : value;
    return raised > MAX_STEP ? MAX_STEP : raised;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

/* Return a number below n < 2^32 (Lemire 2019, without the rejection: n is far below 2^32). */
static uint64_t random_below(uint64_t *state, uint64_t n)
{
    return ((next_random(state) >> 32) * n) >> 32;
}

/* Move the points, shape (n, 2), in place. Edge i is sampled every period[i] epochs, next at due[i];
 * its head is then pushed from n_negative random points.
 *
 * The pushes of one edge are all taken where its pull left the head, unlike umap-learn's, of which
 * each waits for the one before: they are small, and this way the processor computes them together. */
void descend(double *points, int64_t n_points, const int32_t *head, const int32_t *tail,
             const double *period, double *due, int64_t n_edges, int64_t n_negative, uint64_t seed,
             int64_t n_epochs, double learning_rate, double a, double b)
{
    double powers[KNOTS + 1];
    tabulate_powers(b, powers);
    uint64_t state = seed;
    for (int64_t epoch = 0; epoch < n_epochs; epoch++) {
        /* umap-learn, too, runs its first two epochs at the full rate. */
        const double passed = epoch > 1 ? (double)(epoch - 1) : 0.0;
        const double alpha = learning_rate * (1.0 - passed / (double)n_epochs);
        for (int64_t edge = 0; edge < n_edges; edge++) {
            if (due[edge] > (double)epoch)
                continue;
            due[edge] += period[edge];
            double *one = points + 2 * (int64_t)head[edge], *other = points + 2 * (int64_t)tail[edge];
            const double dx = one[0] - other[0], dy = one[1] - other[1];
            const double squared = dx * dx + dy * dy;
            if (squared >= NEAREST) {
                const double raised = power(powers, squared);
                const double pull = -2.0 * a * b * raised / (squared * (a * raised + 1.0));
                const double x = alpha * bounded(pull * dx), y = alpha * bounded(pull * dy);
                one[0] += x;
                one[1] += y;
                other[0] -= x;
                other[1] -= y;
            }
            const double here_x = one[0], here_y = one[1];
            double away_x = 0.0, away_y = 0.0;
            for (int64_t sample = 0; sample < n_negative; sample++) {
                const double *far = points + 2 * random_below(&state, (uint64_t)n_points);
                const double far_x = here_x - far[0], far_y = here_y - far[1];
                const double apart = far_x * far_x + far_y * far_y;
                const double push = 2.0 * b / ((0.001 + apart) * (a * power(powers, apart) + 1.0));
                away_x += bounded(push * far_x);
                away_y += bounded(push * far_y);
            }
            one[0] += alpha * away_x;
            one[1] += alpha * away_y;
        }
    }
}
