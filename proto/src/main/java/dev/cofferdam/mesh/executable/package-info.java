/** What a native executable does otherwise than the JVM; nothing here runs on the JVM. */
@NullMarked
package dev.cofferdam.mesh.executable;

import org.jspecify.annotations.NullMarked;
