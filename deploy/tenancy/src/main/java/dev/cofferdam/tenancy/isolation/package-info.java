/** The five isolation levels: what each enforces, and what it costs. */
@NullMarked
package dev.cofferdam.tenancy.isolation;

import org.jspecify.annotations.NullMarked;
