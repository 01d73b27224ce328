/** Chat templates in the subset of Jinja that models' templates are written in. */
@NullMarked
package dev.cofferdam.gateway.prompt.jinja;

import org.jspecify.annotations.NullMarked;
