/** The admin API's service. */
@NullMarked
package dev.cofferdam.gateway.admin.grpc;

import org.jspecify.annotations.NullMarked;
