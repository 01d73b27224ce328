/** Documents as PDF files: text and tables, without a library that draws. */
@NullMarked
package dev.cofferdam.mesh.pdf;

import org.jspecify.annotations.NullMarked;
