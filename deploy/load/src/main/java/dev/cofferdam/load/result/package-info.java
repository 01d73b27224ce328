/** What became of the requests, by tenant, by phase and by second. */
@NullMarked
package dev.cofferdam.load.result;

import org.jspecify.annotations.NullMarked;
