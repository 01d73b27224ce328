/** The native kernel library, through the JDK's foreign function API. */
@NullMarked
package dev.cofferdam.worker.execution.cpu.foreign;

import org.jspecify.annotations.NullMarked;
