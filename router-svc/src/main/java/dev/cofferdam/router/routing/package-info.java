/** From a content-free envelope to a pool and a ranking of workers: filter, score, pick. */
@NullMarked
package dev.cofferdam.router.routing;

import org.jspecify.annotations.NullMarked;
