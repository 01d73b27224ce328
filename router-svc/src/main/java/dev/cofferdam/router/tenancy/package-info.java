/** What the router knows of tenants, models, adapters and pools. */
@NullMarked
package dev.cofferdam.router.tenancy;

import org.jspecify.annotations.NullMarked;
