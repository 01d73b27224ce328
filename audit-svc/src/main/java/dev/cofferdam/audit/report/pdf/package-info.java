/** Reports as PDF files. */
@NullMarked
package dev.cofferdam.audit.report.pdf;

import org.jspecify.annotations.NullMarked;
