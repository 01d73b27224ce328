/**
 * One request's life from admission to its only end: placed, served, placed again when its worker
 * is lost, settled and recorded. {@link dev.cofferdam.gateway.dispatch.Course} decides, {@link
 * dev.cofferdam.gateway.dispatch.Dispatcher} performs.
 */
@NullMarked
package dev.cofferdam.gateway.dispatch;

import org.jspecify.annotations.NullMarked;
