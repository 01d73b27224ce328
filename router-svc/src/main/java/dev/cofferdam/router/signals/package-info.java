/** What each pool's autoscaler is told; never mixed between pools. */
@NullMarked
package dev.cofferdam.router.signals;

import org.jspecify.annotations.NullMarked;
