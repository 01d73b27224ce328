/** Scenarios as YAML files, the named ones among them. */
@NullMarked
package dev.cofferdam.load.scenario.yaml;

import org.jspecify.annotations.NullMarked;
