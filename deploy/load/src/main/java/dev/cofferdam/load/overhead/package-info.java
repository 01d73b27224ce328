/** What each mechanism of isolation costs a request, from the mesh's own counters. */
@NullMarked
package dev.cofferdam.load.overhead;

import org.jspecify.annotations.NullMarked;
