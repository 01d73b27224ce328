/** How long records can be opened, and what ends that: their time, or a tenant's wish. */
@NullMarked
package dev.cofferdam.audit.retention;

import org.jspecify.annotations.NullMarked;
