/** The query service on gRPC. */
@NullMarked
package dev.cofferdam.audit.api.grpc;

import org.jspecify.annotations.NullMarked;
