"""The command palette, made from the action registry: what can be done here, then what can be done everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from screens.actions import Action, Scope, of_scope, permitted
from screens.base import ConsoleScreen


class ActionCommands(Provider):
    """Hits run the action on the screen that was in front when the palette opened."""

    def _actions(self) -> Iterator[Action]:
        screen = self.screen
        scopes = [Scope.EVERYWHERE]
        read_only = False
        if isinstance(screen, ConsoleScreen):
            scopes.insert(0, screen.SCOPE)
            read_only = screen.workspace.read_only
        for scope in scopes:
            for action in of_scope(scope):
                if action.palette and permitted(action.name.split("(")[0], scope, read_only=read_only):
                    yield action

    async def _run(self, action: Action) -> None:
        namespace = self.app if action.scope is Scope.EVERYWHERE else self.screen
        await self.app.run_action(action.name, namespace)

    async def discover(self) -> Hits:
        for action in self._actions():
            yield DiscoveryHit(f"{action.label} ({action.key_text})", partial(self._run, action), help=action.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in self._actions():
            text = f"{action.label} ({action.key_text})"
            score = max(matcher.match(text), matcher.match(action.help) * 0.5)
            if score > 0:
                yield Hit(score, matcher.highlight(text), partial(self._run, action), help=action.help)
