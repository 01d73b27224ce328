/**
 * What services that keep rows of tenants share: whose rows a caller sees, and how storing fails.
 */
@NullMarked
package dev.cofferdam.mesh.store;

import org.jspecify.annotations.NullMarked;
