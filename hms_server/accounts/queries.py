"""What screens ask about the clinic, its staff and its devices."""

from msgspec import structs

from hms_server.contract.accounts import (
    Clinic,
    Department,
    Device,
    DeviceList,
    GetClinic,
    ListDevices,
    ListStaff,
    Room,
    Service,
    StaffList,
    StaffMember,
)
from hms_server.contract.build import BUILD
from hms_server.faults import Refused
from hms_server.upkeep.desktops import is_older
from hms_server.work import Work


def get_clinic(work: Work, _request: GetClinic) -> Clinic:
    """The clinic with its departments, rooms and queues."""
    row = work.connection.execute(CLINIC).fetchone()
    if row is None:
        raise Refused("accounts.no_clinic", "This server has not been set up yet.")
    name, time_zone, currency, languages, training = row
    return Clinic(
        name=name,
        time_zone=time_zone,
        currency=currency,
        departments=work.rows(Department, "select id, name from department order by id"),
        rooms=work.rows(Room, "select id, name, department_id, service from room order by id"),
        services=work.rows(Service, "select code, name from service order by position"),
        languages=languages,
        training=training,
    )


def list_staff(work: Work, _request: ListStaff) -> StaffList:
    """Everybody who may sign in, with their open sessions."""
    return StaffList(work.rows(StaffMember, STAFF))


def list_devices(work: Work, _request: ListDevices) -> DeviceList:
    """Every device that was ever paired, with the version of its program as the housekeeping heard it."""
    devices = work.rows(Device, DEVICES)
    return DeviceList(
        [structs.replace(each, is_outdated=is_older(each.version, BUILD.version)) for each in devices]
    )


CLINIC = "select name, time_zone, currency, languages, training from clinic"
STAFF = """
select id, user_name, name, roles, active,
    (select count(*) from session where staff_id = staff.id and ended_at is null) as open_sessions,
    (select max(last_seen_at) from session where staff_id = staff.id) as last_seen_at
from staff order by name
"""
DEVICES = """
select id, name, left(public_key, 8) as fingerprint, paired_at, revoked_at is not null as revoked, version
from device order by id
"""
