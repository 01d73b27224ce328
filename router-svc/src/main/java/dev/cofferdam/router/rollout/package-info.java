/**
 * Gates of adapter rollouts: whether the version that is being rolled out does worse than the
 * current one.
 */
@NullMarked
package dev.cofferdam.router.rollout;

import org.jspecify.annotations.NullMarked;
