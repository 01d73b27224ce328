/** The first requests that a new user sees, and what they left behind. */
@NullMarked
package dev.cofferdam.local.demo;

import org.jspecify.annotations.NullMarked;
