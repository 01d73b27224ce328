package dev.cofferdam.router;

import dev.cofferdam.mesh.HouseRules;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  @Test
  void theRulesOfTheHouseHold() {
    HouseRules.check("dev.cofferdam.router");
  }
}
