/** The sample model, adapters, tenants and keys. */
@NullMarked
package dev.cofferdam.local.seed;

import org.jspecify.annotations.NullMarked;
