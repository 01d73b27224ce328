/** Rolling back by the gateway's rollout service. */
@NullMarked
package dev.cofferdam.router.rollout.grpc;

import org.jspecify.annotations.NullMarked;
