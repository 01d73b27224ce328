/**
 * How attempts end: workers that fail more than others, models and adapters that fail everywhere.
 */
@NullMarked
package dev.cofferdam.router.health;

import org.jspecify.annotations.NullMarked;
