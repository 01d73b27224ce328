/** The operator's side of the admin API: records, declared files, and what they would change. */
@NullMarked
package dev.cofferdam.local.admin;

import org.jspecify.annotations.NullMarked;
