/* UMAP's stochastic gradient descent in two dimensions. */

#include <math.h>
#include <stdint.h>

/* No step moves a point further than this along an axis, before the learning rate. */
static const double MAX_STEP = 4.0;

static double step(double value, double alpha)
{
    const double bounded = value < -MAX_STEP ? -MAX_STEP : value;
    return alpha * (bounded > MAX_STEP ? MAX_STEP : bounded);
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

/* Move the points, shape (n, 2), in place. Edge i is sampled every period[i] epochs, and its head is
 * pushed from a random point every negative_period[i]; `due` and `negative_due` say when next. */
void descend(double *points, int64_t n_points, const int32_t *head, const int32_t *tail,
             const double *period, double *due, const double *negative_period, double *negative_due,
             int64_t n_edges, uint64_t seed, int64_t n_epochs, double learning_rate, double a,
             double b)
{
    uint64_t state = seed;
    for (int64_t epoch = 0; epoch < n_epochs; epoch++) {
        /* umap-learn, too, runs its first two epochs at the full rate. */
        const double passed = epoch > 1 ? (double)(epoch - 1) : 0.0;
        const double alpha = learning_rate * (1.0 - passed / (double)n_epochs);
        for (int64_t edge = 0; edge < n_edges; edge++) {
            if (due[edge] > (double)epoch)
                continue;
            double *one = points + 2 * (int64_t)head[edge], *other = points + 2 * (int64_t)tail[edge];
            double dx = one[0] - other[0], dy = one[1] - other[1];
            double squared = dx * dx + dy * dy;
            if (squared > 0.0) {
                const double power = pow(squared, b - 1.0);
                const double pull = -2.0 * a * b * power / (a * power * squared + 1.0);
                const double x = step(pull * dx, alpha), y = step(pull * dy, alpha);
                one[0] += x;
                one[1] += y;
                other[0] -= x;
                other[1] -= y;
            }
            due[edge] += period[edge];
            const int64_t n_negative =
                (int64_t)(((double)epoch - negative_due[edge]) / negative_period[edge]);
            for (int64_t sample = 0; sample < n_negative; sample++) {
                const double *far = points + 2 * (next_random(&state) % (uint64_t)n_points);
                dx = one[0] - far[0], dy = one[1] - far[1];
                squared = dx * dx + dy * dy;
                if (squared > 0.0) {
                    const double push =
                        2.0 * b / ((0.001 + squared) * (a * pow(squared, b) + 1.0));
                    one[0] += step(push * dx, alpha);
                    one[1] += step(push * dy, alpha);
                }
            }
            negative_due[edge] += (double)n_negative * negative_period[edge];
        }
    }
}
