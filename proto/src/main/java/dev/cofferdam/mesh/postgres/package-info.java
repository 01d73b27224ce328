/** What services that keep something in PostgreSQL share. */
@NullMarked
package dev.cofferdam.mesh.postgres;

import org.jspecify.annotations.NullMarked;
