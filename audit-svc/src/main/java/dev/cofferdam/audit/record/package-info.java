/** What an audit fact is to the log. */
@NullMarked
package dev.cofferdam.audit.record;

import org.jspecify.annotations.NullMarked;
