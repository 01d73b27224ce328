/** What {@code ./cofferdam bench audit} measures. */
@NullMarked
package dev.cofferdam.audit.app.bench;

import org.jspecify.annotations.NullMarked;
