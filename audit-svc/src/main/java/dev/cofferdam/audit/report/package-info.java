/** What auditors, customers and authorities ask of the log, in words and figures. */
@NullMarked
package dev.cofferdam.audit.report;

import org.jspecify.annotations.NullMarked;
