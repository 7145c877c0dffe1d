"""The loop of active context: a turn is a call, its actions, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crossover import meter
from crossover.errors import UnreadableReply, UnsupportedRequest, WindowError
from crossover.models._rendering import rendered_text
from crossover.pipelines import _prompts
from crossover.pipelines._actions import ANSWER, Action, Bench, listed, read, schemas
from crossover.pipelines._answering import FROM_PASSAGES, named, with_choices
from crossover.pipelines._calling import one
from crossover.pipelines._workspace import CannotDo, Workspace
from crossover.roles import Model
from crossover.types import Answer, Completion, Passage, Question, Request, Step

if TYPE_CHECKING:
    from crossover.pipelines.active_context import ActiveContext

# tokens that the talk of all turns may take beside the context
TALK = 3000
# words of a summary that a call of its own writes
SUMMARY_WORDS = 60


def edited(options: ActiveContext, question: Question, model: Model) -> Answer:
    """Let the model edit its context, turn by turn, until it answers or has to."""
    return _Loop(options, question, model).run()


@dataclass
class _Loop:
    """One question's turns: what was said and replied, and the context as it stands."""

    options: ActiveContext
    question: Question
    model: Model
    history: list[tuple[str, str]] = field(default_factory=list)
    mistakes: int = 0

    def __post_init__(self) -> None:
        # a tool that is named twice is one
        self.tools = list(dict.fromkeys(self.options.tools))
        self.by_json = self.options.actions == "json"
        self.asked = with_choices(self.question)
        self.space = Workspace(self.question.documents, self.options.size, self._room(), self.model)
        self.bench = Bench(self.space, self.tools, self._summary)

    def run(self) -> Answer:
        """Take turns until there is an answer, and ask for one after the last."""
        said = self._opening()
        for turn in range(self.options.turns):
            with meter.stage(f"turn {turn + 1}", f"{self.space.visible():,} tokens of context"):
                completion, said = self._replied(said)
                answer, came = self._taken(completion)
            if answer is not None:
                return answer
            self.history.append((said, _written(completion)))
            left = self.options.turns - turn - 1
            said = self._text("results", results=came, left=left)
        said = self._text("last", results=came if self.history else "", task=self._task())
        longest = self.options.max_tokens
        request = replace(self._request(said), wants="text", max_tokens=longest)
        return named(one(self.model, request, "answer"), self.space.seen(), longest)

    def _replied(self, said: str) -> tuple[Completion, str]:
        """A turn's reply and what was said for it: JSON is asked for once tools are refused."""
        if not self.by_json:
            tools = schemas([*self.tools, ANSWER], self._text)
            try:
                return self.model.complete(replace(self._request(said), tools=tools)), said
            except UnsupportedRequest as refused:
                if self.options.actions == "tools" or self.history:
                    raise
                meter.current().note(Step("no tools: actions in JSON", None, str(refused)))
                self.by_json, said = True, self._opening(by_json=True)
        return self.model.complete(replace(self._request(said), wants="json")), said

    def _taken(self, completion: Completion) -> tuple[Answer | None, str]:
        """The answer of a turn, or what came of its actions."""
        if meter.current().planning:
            return None, ""
        try:
            actions = self._actions(completion)
            if not actions:
                return self._named(completion), ""
            text = self.bench.answer(actions)
        except (UnreadableReply, CannotDo) as error:
            return None, self._mistaken(str(error))
        if text is not None:
            return self._named(replace(completion, text=text, finish="stop")), ""
        return None, self._done(actions)

    def _actions(self, completion: Completion) -> list[Action]:
        """The actions of a reply; none where text instead of a call of a tool is the answer."""
        if completion.finish == "tool_calls" and not completion.tool_calls:
            raise UnreadableReply("a tool was called with arguments that cannot be read")
        try:
            return read(completion)
        except UnreadableReply:
            if self.by_json or completion.tool_calls:
                raise
            return []

    def _done(self, actions: Sequence[Action]) -> str:
        """Do what is asked for in turn; what cannot be done is told and counts as one mistake."""
        came, wrong = list[str](), ""
        for action in actions:
            try:
                came.append(self.bench.do(action))
            except CannotDo as error:
                wrong = str(error)
                came.append(f"error: {wrong}")
            meter.current().note(Step(action.name, None, came[-1]))
        if wrong:
            self._mistaken(wrong)
        else:
            self.mistakes = 0
        return "\n".join(came)

    def _mistaken(self, said: str) -> str:
        """Count a wrong turn; raises UnreadableReply where it is one too many in a row."""
        self.mistakes += 1
        if self.mistakes > self.options.mistakes:
            raise UnreadableReply(f"{self.mistakes} wrong turns in a row, at last: {said}")
        return f"error: {said}"

    def _named(self, completion: Completion) -> Answer:
        return named(completion, self.space.seen(), self.options.reply_tokens)

    def _request(self, said: str) -> Request:
        shown = tuple(self.space.shown())
        longest, history = self.options.reply_tokens, tuple(self.history)
        return Request(said, self.asked, shown, "text", max_tokens=longest, history=history)

    def _room(self) -> int:
        """Tokens for the context; raises WindowError where there are none."""
        frame = Request(self._opening(by_json=True), self.asked)
        taken = self.model.count(rendered_text(frame)) + self.options.reply_tokens
        # half of what is left at most is for the talk, and the tags around fragments
        left = self.model.window - taken
        if left <= 0:
            raise WindowError(f"{taken:,} tokens of question, tools and reply fill the window")
        return max(left - TALK, left // 2)

    def _opening(self, by_json: bool | None = None) -> str:
        by_json = self.by_json if by_json is None else by_json
        actions = listed([*self.tools, ANSWER], self._text) if by_json else ""
        how = self._text("json", actions=actions) if by_json else self._text("tools")
        return f"{self._text('work', task=self._task())}\n\n{how}"

    def _summary(self, passage: Passage) -> str:
        instruction = self._text("summary", words=SUMMARY_WORDS)
        longest = self.options.max_tokens
        request = Request(instruction, self.asked, (passage,), "summary", max_tokens=longest)
        return one(self.model, request, "summary").text

    def _task(self) -> str:
        return FROM_PASSAGES[self.question.form]

    def _text(self, name: str, **values: object) -> str:
        return _prompts.prompt("active_context", name, self.options.prompts, **values)


def _written(completion: Completion) -> str:
    """A reply as text: what it said, and the tools that it called."""
    calls = read(completion) if _readable(completion) else []
    return "\n".join(filter(None, (completion.text.strip(), *(c.text for c in calls)))) or "…"


def _readable(completion: Completion) -> bool:
    return bool(completion.tool_calls) and all("args" in call for call in completion.tool_calls)
