/** Configuration of the whole mesh: what may be written, and what a written thing is. */
@NullMarked
package dev.cofferdam.gateway.admin;

import org.jspecify.annotations.NullMarked;
