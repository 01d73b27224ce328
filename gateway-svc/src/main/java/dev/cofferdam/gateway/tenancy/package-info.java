/** The mesh's models, adapters and tenants as configured. */
@NullMarked
package dev.cofferdam.gateway.tenancy;

import org.jspecify.annotations.NullMarked;
