/** Chat templates by HubSpot's Jinjava. */
@NullMarked
package dev.cofferdam.gateway.prompt.jinjava;

import org.jspecify.annotations.NullMarked;
