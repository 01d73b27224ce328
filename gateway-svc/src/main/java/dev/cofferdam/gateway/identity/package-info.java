/** Who makes a request: keys, certificates, and what disagrees with them. */
@NullMarked
package dev.cofferdam.gateway.identity;

import org.jspecify.annotations.NullMarked;
