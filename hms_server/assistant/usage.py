"""The clinic's policy for the assistant, and what it has cost: tokens by person and month."""

from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString

import psycopg

from hms_server.contract.values import StaffId
from hms_server.faults import Refused
from hms_server.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A limit of 0 is none."""

    enabled: bool
    person_limit: int
    clinic_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Tokens of this month."""

    person: int
    clinic: int


def policy_of(work: Work) -> Policy:
    policy = work.one(Policy, "select enabled, person_limit, clinic_limit from assistant_policy")
    assert policy is not None
    return policy


def is_switched_on(connection: psycopg.Connection[Any]) -> bool:
    """Whether questions may come at all."""
    return connection.execute("select from assistant_policy where enabled").fetchone() is not None


def month_of(work: Work) -> date:
    """The first day of the month that it is in the clinic."""
    month: date = work.value(MONTH, {"now": work.now})
    return month


def used_by(work: Work, staff_id: StaffId) -> Used:
    used = work.one(Used, USED, {"staff_id": staff_id, "month": month_of(work)})
    assert used is not None
    return used


def count(work: Work, staff_id: StaffId, *, questions: int = 0, prompt: int = 0, answer: int = 0) -> None:
    """Adds to the person's month."""
    params = {
        "staff_id": staff_id,
        "month": month_of(work),
        "questions": questions,
        "prompt": prompt,
        "answer": answer,
    }
    work.send(COUNT, params)


def refuse_off(work: Work) -> Policy:
    """The policy; refused where the clinic has switched the assistant off."""
    policy = policy_of(work)
    if not policy.enabled:
        raise Refused(
            "assistant.off",
            "The assistant is switched off in this clinic. An administrator can switch it on.",
        )
    return policy


def refuse_used_up(work: Work, policy: Policy, staff_id: StaffId) -> None:
    """Refused where the person or the clinic has no tokens left in this month."""
    used = used_by(work, staff_id)
    if policy.person_limit and used.person >= policy.person_limit:
        raise Refused(
            "assistant.limit",
            "You have used up your questions to the assistant for this month. Search and forms still answer; "
            "an administrator can raise the limit.",
        )
    if policy.clinic_limit and used.clinic >= policy.clinic_limit:
        raise Refused(
            "assistant.limit",
            "The clinic has used up its questions to the assistant for this month. Search and forms still "
            "answer; an administrator can raise the limit.",
        )


MONTH: LiteralString = """
select date_trunc('month', %(now)s at time zone time_zone)::date from clinic
"""
USED: LiteralString = """
select
    coalesce(sum(prompt_tokens + answer_tokens) filter (where staff_id = %(staff_id)s), 0)::bigint as person,
    coalesce(sum(prompt_tokens + answer_tokens), 0)::bigint as clinic
from assistant_usage where month = %(month)s
"""
COUNT: LiteralString = """
insert into assistant_usage (staff_id, month, questions, prompt_tokens, answer_tokens)
values (%(staff_id)s, %(month)s, %(questions)s, %(prompt)s, %(answer)s)
on conflict (staff_id, month) do update set questions = assistant_usage.questions + excluded.questions,
    prompt_tokens = assistant_usage.prompt_tokens + excluded.prompt_tokens,
    answer_tokens = assistant_usage.answer_tokens + excluded.answer_tokens
"""
